"""The executable ``preheat-tray`` of the bundle."""

from __future__ import annotations

import os
import sys

from preheat.installation.commands import restore_environment

restore_environment(os.environ)

from preheat_gui.__main__ import main  # noqa: E402 - the environment first: Qt may start programs

sys.exit(main())
