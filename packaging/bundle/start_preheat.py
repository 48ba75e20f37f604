"""The executable ``preheat`` of the bundle: the command line, and all child processes."""

from __future__ import annotations

import os
import sys

from preheat.installation.commands import child_module, restore_environment

restore_environment(os.environ)
if module := child_module(sys.argv):
    # Before any other import: a worker must start fast.
    del sys.argv[1]
    import runpy

    runpy.run_module(module, run_name="__main__", alter_sys=True)
else:
    from preheat.__main__ import main

    main()
