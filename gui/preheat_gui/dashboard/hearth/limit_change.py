"""Another memory limit, while the user chooses it: its effect, its hit rate, and its application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from preheat_gui.bridge import CurveState, EngineBridge, LimitCurve, PreviewQuestion, point_at
from preheat_gui.dashboard.hearth.picture import Words
from preheat_gui.widgets import timer
from preheat_gui.words import format_duration, format_memory, limit_text, limit_unit, percent

if TYPE_CHECKING:
    from preheat.control import LimitPreview, SettingsChange
    from preheat.errors import EngineError

_SETTING: Final = "memory_limit"
_PATIENCE_MS: Final = 3000  # How long an applied limit is shown before the engine confirms it


class LimitChange(QObject):
    """A limit that may be applied, with what it would do."""

    changed = Signal()  # The limit, its preview or its hit rate

    def __init__(self, bridge: EngineBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.curve = LimitCurve(bridge, self)
        self.curve.changed.connect(self.changed)
        self._text = ""
        self._applied = False
        self._question = PreviewQuestion(bridge, self)
        self._question.changed.connect(self.changed)
        self._patience = timer(self, _PATIENCE_MS, self._forget)
        self.limit_bytes: int | None = None  # None while there is none

    @property
    def preview(self) -> LimitPreview | None:
        """What the limit would do; may be that of the previous limit."""
        return self._question.preview

    @property
    def locked(self) -> str:
        """Why the limit cannot be changed; empty if it can."""
        if not self._bridge.is_open or not self._total:
            return self.tr("The memory of this computer is not known yet.")
        source = self._bridge.overridden.get(_SETTING)
        if source is None:
            return ""
        return self.tr("The memory limit is set by {source}, so it cannot be changed here.").format(source=source)

    def touch(self) -> None:
        """Compute the hit rates of all limits, unless they are known."""
        if not self.locked:
            self.curve.start(self._bridge.settings, self._total)

    def move(self, share: float, snap: bool) -> None:
        """Choose a limit: a share of all memory, rounded as the setting is written; ``snap`` prefers round values."""
        from preheat.settings import Size  # takes 0.1 s, which the window does not wait for

        if self.locked or self._applied:
            return
        unit = limit_unit(str(self._bridge.settings.memory_limit))
        self._text = limit_text(share, self._total, unit, snap=snap)
        limit = Size(self._text).resolve(self._total)
        if limit != self.limit_bytes:
            self.limit_bytes = limit
            self._question.ask(limit)
            self.changed.emit()

    def commit(self) -> None:
        """Apply the limit, unless it is the present one."""
        if self.limit_bytes is None or self._applied:
            return
        if self.limit_bytes == self._bridge.snapshot.memory.limit_bytes:
            self._forget()
            return
        self.apply(self._text)

    def apply(self, text: str) -> None:
        """Apply a limit, given as the setting is written."""
        from preheat.settings import Size

        self._applied = True
        self.limit_bytes = Size(text).resolve(self._total)
        self._patience.start()
        self._bridge.change_settings({_SETTING: text}, self._on_applied, self._on_refused)

    def cancel(self) -> None:
        """Keep the present limit."""
        if self.limit_bytes is not None and not self._applied:
            self._forget()

    def settle(self) -> None:
        """End once the engine has the limit."""
        if self._applied and self._bridge.snapshot.memory.limit_bytes == self.limit_bytes:
            self._forget()

    def words(self) -> Words:
        """Return the words of the limit that is shown."""
        total = format_memory(self._total)
        if self.limit_bytes is None:
            limit = format_memory(self._bridge.snapshot.memory.limit_bytes)
            text = self.tr("Limit {limit}").format(limit=limit)
            long = self.tr("Limit {limit} of {total}").format(limit=limit, total=total)
            return Words(self.tr("Requests of your apps appear here."), (long, text, limit) if self._total else (text,))
        limit = format_memory(self.limit_bytes)
        hint = self.tr("Release or press Enter to apply, Esc to keep the present limit.")
        return Words(hint, self._moving_words(limit, self.limit_bytes))

    def _moving_words(self, limit: str, limit_bytes: int) -> tuple[str, ...]:
        if self.curve.state is CurveState.COMPUTING:
            return self.tr("{limit}: calculating the hit rate…").format(limit=limit), limit
        if self.curve.state is CurveState.TOO_LITTLE:
            text = self.tr("{limit}: the hit rate appears after a few days of use")
            return text.format(limit=limit), limit
        point = point_at(self.curve.points, limit_bytes) if self.curve.state is CurveState.READY else None
        if point is None:
            return (limit,)
        rate, waited = percent(point.preload_hit_rate), format_duration(point.waited_s)
        long = self.tr("{limit}: {rate} ready when asked, {waited} of waiting per week")
        short = self.tr("{limit}: {rate} ready when asked")
        return long.format(limit=limit, rate=rate, waited=waited), short.format(limit=limit, rate=rate), limit

    @property
    def _total(self) -> int:
        return self._bridge.snapshot.memory.total_bytes

    def _on_applied(self, change: SettingsChange) -> None:
        if _SETTING in change.overridden:
            self._forget()
        else:
            self.settle()

    def _on_refused(self, error: EngineError) -> None:
        self._forget()
        self._bridge.command_failed.emit(error)

    def _forget(self) -> None:
        self._patience.stop()
        self.limit_bytes = None
        self._question.forget()
        self._applied = False
        self.changed.emit()
