"""``preheat doctor``: checks of this installation, and a file of diagnostics to send. Never writes anything else.

Works without a running Preheat, with one, and with broken files in any place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.doctor.bundle import default_name, write_bundle
    from preheat.doctor.context import preheats_memory
    from preheat.doctor.report import CheckResult, Finding, Level, Report
    from preheat.doctor.run import examine
    from preheat.doctor.text import WIDTH, Line, report_lines, report_text
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.doctor.bundle": "default_name write_bundle",
            "preheat.doctor.context": "preheats_memory",
            "preheat.doctor.report": "CheckResult Finding Level Report",
            "preheat.doctor.run": "examine",
            "preheat.doctor.text": "WIDTH Line report_lines report_text",
        },
    )
