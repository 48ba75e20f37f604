"""Stored prompts in the worker: what to store, what to restore, and how the cells get there.

Pure: ``PrefixIndex`` (what is stored), ``PrefixPlanner`` (decisions for the scheduler), ``Restore``. The decode thread
copies cells with ``Cells``; ``PrefixStore`` has the threads that read and write files.
"""

from __future__ import annotations

from preheat.inference.worker.prefixes.index import Link as Link
from preheat.inference.worker.prefixes.index import Missing as Missing
from preheat.inference.worker.prefixes.index import PrefixIndex as PrefixIndex
from preheat.inference.worker.prefixes.index import Stored as Stored
from preheat.inference.worker.prefixes.index import Tier as Tier
from preheat.inference.worker.prefixes.planner import PrefixPlanner as PrefixPlanner
from preheat.inference.worker.prefixes.restore import Copy as Copy
from preheat.inference.worker.prefixes.restore import Put as Put
from preheat.inference.worker.prefixes.restore import Restore as Restore
from preheat.inference.worker.prefixes.restore import Restored as Restored
from preheat.inference.worker.prefixes.shared import shared_prefix as shared_prefix
