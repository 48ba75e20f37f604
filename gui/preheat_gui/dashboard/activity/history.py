"""The newest requests that have ended. Later fetches get only those that are new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from preheat import control

if TYPE_CHECKING:
    from preheat.control import EngineSession, RequestRecord

MOST: Final = 10_000
_NEW: Final = 100  # Most new requests that a later fetch expects
_SPARE: Final = 500  # Kept beyond ``MOST``, so that not each new request removes an old one


class RequestHistory:
    """Fetches on other threads, one at a time; ``records`` may be read on any."""

    def __init__(self) -> None:
        self.records: tuple[RequestRecord, ...] = ()  # The newest first

    def fetch(self, session: EngineSession) -> tuple[RequestRecord, ...]:
        """Return all. Those that were known before are the same objects."""
        known = self.records
        found = session.call(control.ListRequests(_NEW if known else MOST)).requests
        if known:
            try:
                found = found[: found.index(known[0])] + known
            except ValueError:  # more than expected, or another log
                found = session.call(control.ListRequests(MOST)).requests
        if len(found) > MOST + _SPARE:
            found = found[:MOST]
        self.records = found
        return found
