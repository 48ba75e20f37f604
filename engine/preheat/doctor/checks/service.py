"""The background service, which ``preheat service install`` sets up."""

from __future__ import annotations

from collections.abc import Iterator

from preheat.doctor.context import short
from preheat.doctor.report import Finding, good, to_do


def check_service() -> Iterator[Finding]:
    """Ask the system's manager of services for Preheat's."""
    from preheat.service import ServiceError, service

    try:
        state = service().status()
    except ServiceError as error:
        # Containers and old systems have no manager.
        yield good("doctor_service_unknown", reason=error.title)
        return
    details = [f"{state.manager}: {state.state}"] if state.state else []
    if state.file:
        details.append(short(state.file))
    if not state.installed:
        yield good("doctor_no_service")
    elif state.running:
        yield good("doctor_service_running", manager=state.manager, pid=state.pid or 0, details=details)
    else:
        yield to_do("doctor_service_stopped", manager=state.manager, details=details)
    if state.installed and not state.enabled:
        yield to_do("doctor_service_disabled", manager=state.manager)
