"""``preheat serve`` as a background service of the user: systemd, launchd or the Task Scheduler."""

from __future__ import annotations

import sys

from preheat.service.base import Definition, Service, ServiceError, ServiceState
from preheat.service.readiness import notify

__all__ = ["Definition", "Service", "ServiceError", "ServiceState", "notify", "service"]


def service(platform: str = sys.platform) -> Service:
    """Return the service of this system; nothing is asked of the system yet."""
    if platform == "darwin":
        from preheat.service.launchd import LaunchdService

        return LaunchdService()
    if platform == "win32":
        from preheat.service.task_scheduler import ScheduledTask

        return ScheduledTask()
    from preheat.service.systemd import SystemdService

    return SystemdService()
