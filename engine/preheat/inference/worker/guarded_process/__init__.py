"""Runs code on untrusted input in a process with limits of memory and time.

``GuardedProcess`` is the worker's end. The module that it starts calls ``serve``. Each end imports only its own half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.inference.worker.guarded_process.pool import GuardedPool as GuardedPool
    from preheat.inference.worker.guarded_process.process import GuardedProcess as GuardedProcess
    from preheat.inference.worker.guarded_process.process import HelperFailed as HelperFailed
    from preheat.inference.worker.guarded_process.process import Reason as Reason
    from preheat.inference.worker.guarded_process.serving import serve as serve
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.inference.worker.guarded_process.pool": "GuardedPool",
            "preheat.inference.worker.guarded_process.process": "GuardedProcess HelperFailed Reason",
            "preheat.inference.worker.guarded_process.serving": "serve",
        },
    )
