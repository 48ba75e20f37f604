"""The English words of every message, collected from one table per area."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from preheat.messages import (
    cli,
    control,
    desktop,
    devices,
    doctor,
    foresight,
    general,
    inference,
    models,
    page,
    preload,
    replay,
    residency,
    server,
    service,
    settings,
    system,
    updates,
    usage,
)
from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = MappingProxyType(
    {
        **cli.TABLE,
        **control.TABLE,
        **desktop.TABLE,
        **devices.TABLE,
        **doctor.TABLE,
        **foresight.TABLE,
        **general.TABLE,
        **inference.TABLE,
        **models.TABLE,
        **page.TABLE,
        **preload.TABLE,
        **replay.TABLE,
        **residency.TABLE,
        **server.TABLE,
        **service.TABLE,
        **settings.TABLE,
        **system.TABLE,
        **updates.TABLE,
        **usage.TABLE,
    }
)
"""Template by message code. The areas' codes are disjoint; a test checks that."""
