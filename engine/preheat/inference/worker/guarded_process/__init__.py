"""Runs code on untrusted input in a process with limits of memory and time.

``GuardedProcess`` is the worker's end. The module that it starts calls ``serving.serve``.
"""

from preheat.inference.worker.guarded_process.process import GuardedProcess as GuardedProcess
from preheat.inference.worker.guarded_process.process import HelperFailed as HelperFailed
from preheat.inference.worker.guarded_process.process import Reason as Reason
