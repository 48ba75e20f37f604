"""Requests: those in progress, and those that have ended, with filters and an export."""

from __future__ import annotations

import time
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QPushButton

from preheat.control import EngineSnapshot, RequestRecord
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.activity.ended import EndedTable, EndedView, Wanted, names_in
from preheat_gui.dashboard.activity.export import save_csv
from preheat_gui.dashboard.activity.history import RequestHistory
from preheat_gui.dashboard.activity.pane import ListPane, NameChoice
from preheat_gui.dashboard.activity.requests import RequestsTable, RequestsView
from preheat_gui.dashboard.race.starter import RaceStarter
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import GROUP_GAP, SearchBox, ask, caption, hbox, inform, named, symbol, timer, vbox
from preheat_gui.words import error_text, error_title, format_number

if TYPE_CHECKING:
    from preheat.control import EngineSession
    from preheat.errors import EngineError

_PAUSE_S: Final = 2.0
_TICK_MS: Final = 1000
_RACE_PX: Final = 640  # The context menu has it, too
_RACE_WORDS_PX: Final = 440  # Lower windows keep the space for rows
_COUNT_PX: Final = 900  # Narrower rows have no room for the number of requests


class RequestsPane(ListPane):
    """What was asked, how fast it was answered, and what was reused."""

    def __init__(self, bridge: EngineBridge) -> None:
        self._table = EndedTable()
        super().__init__(bridge, "requests", EndedView(self._table, bridge.signs))
        named(self._table, "ended_requests").setParent(self)
        self._history = RequestHistory()
        self._records: tuple[RequestRecord, ...] = ()
        self._running = RequestsTable(self)
        self._running_view = RequestsView(self._running, bridge.signs)
        self._no_requests = named(caption(self.tr("No requests in progress.")), "no_requests")
        words, tooltip = self.tr("Filter"), self.tr("Filter by app, model or reason")
        self._search = SearchBox(self, "requests_filter", words, tooltip, tooltip)
        self._client = NameChoice("requests_client", self.tr("Filter by app"), self.tr("All apps"))
        self._model = NameChoice("requests_model", self.tr("Filter by model"), self.tr("All models"))
        self._count = named(caption(), "requests_count")
        self._export = named(QPushButton(self.tr("&Export…")), "requests_export")
        tooltip = self.tr("Replay this answer next to a cold start of its model")
        self._race = named(QPushButton(self.tr("Show the &race")), "requests_race", tooltip=tooltip)
        self._race_words = named(caption(), "requests_race_words")
        self._races = RaceStarter(bridge, self._view, lambda row: self._table.records[row])
        self._tick = timer(self, _TICK_MS, self._running.tick, repeat=True)
        self.question = SlowQuestion(
            bridge, self._history.fetch, self._on_records, self, self._on_error, pause_s=_PAUSE_S, depends_on=_requests
        )
        self._build()
        self._show_state()

    def activate(self) -> None:
        super().activate()
        self._bridge.snapshot_changed.connect(self._on_snapshot)
        self._on_snapshot(self._bridge.snapshot)

    def deactivate(self) -> None:
        super().deactivate()
        self._bridge.snapshot_changed.disconnect(self._on_snapshot)
        self._tick.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._count.setVisible(self.width() >= _COUNT_PX)
        self._race.setVisible(self.width() >= _RACE_PX)
        self._race_words.setVisible(self.height() >= _RACE_WORDS_PX)

    def _build(self) -> None:
        self._search.setMinimumWidth(110)
        self._search.setMaximumWidth(280)
        self._export.setIcon(symbol("download"))
        self._export.setToolTip(self.tr("Save the requests that are shown as a CSV file"))
        self._search.textChanged.connect(self._filter)
        self._search.returnPressed.connect(self._view.setFocus)
        self._client.currentIndexChanged.connect(self._filter)
        self._model.currentIndexChanged.connect(self._filter)
        self._export.clicked.connect(self._choose_file)
        self._race.clicked.connect(self._races.start)
        self._races.judged.connect(self._show_race)
        self._show_race("", False)
        row = hbox((self._search, 2), self._client, self._model, (None, 1), self._count, self._race, self._export)
        vbox(
            row,
            self._no_requests,
            self._running_view,
            (self._stack, 1),
            self._race_words,
            spacing=GROUP_GAP,
            parent=self,
        )

    def _show_race(self, words: str, is_race: bool) -> None:
        self._race.setEnabled(is_race)
        self._race_words.setText(words or self.tr("Select a request to compare it with a cold start of its model."))

    def _listed(self) -> int:
        return len(self._records)

    def _show_everything(self) -> None:
        self._search.clear()
        self._client.setCurrentIndex(0)
        self._model.setCurrentIndex(0)

    def _nothing_yet(self) -> str:
        return self.tr("Requests will appear here, with their speed and what was reused of their prompts.")

    def _show_state(self) -> None:
        super()._show_state()
        shown, known = self._table.rowCount(), len(self._records)
        text = self.tr("{count} requests") if shown == known else self.tr("{shown} of {count} requests")
        text = self.tr("1 request") if shown == known == 1 else text
        self._count.setText(text.format(shown=format_number(shown), count=format_number(known)) if known else "")
        self._export.setEnabled(bool(shown))

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._running.update(snapshot.requests)
        busy = bool(snapshot.requests)
        self._running_view.setVisible(busy)
        self._no_requests.setVisible(not busy)
        if not busy:
            self._tick.stop()
        elif not self._tick.isActive():
            self._tick.start()

    def _on_records(self, records: tuple[RequestRecord, ...]) -> None:
        self._on_answered()
        self._records = records
        models, clients = names_in(records)
        self._model.offer(models)
        self._client.offer(clients, self.tr("unknown"))
        self._table.show_records(records)
        self._show_state()

    def _filter(self) -> None:
        self._table.set_wanted(Wanted(self._model.chosen or "", self._client.chosen, self._search.text().strip()))
        self._view.scrollToTop()
        self._show_state()

    # Export

    def _choose_file(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export requests"))
        dialog.setObjectName("choose_requests_file")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([self.tr("CSV files (*.csv)")])
        dialog.setDefaultSuffix("csv")
        dialog.setDirectory(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
        dialog.selectFile(time.strftime("preheat-requests-%Y-%m-%d.csv"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._save)
        dialog.open()

    def _save(self, name: str) -> None:
        path, records = Path(name), tuple(self._table.records)

        def save(_session: EngineSession) -> int:
            save_csv(records, path)
            return len(records)

        self._bridge.ask(save, partial(self._on_saved, path), self._on_not_saved)

    def _on_saved(self, path: Path, count: int) -> None:
        ask(
            self.window(),
            "requests_exported",
            self.tr("The requests are in {file}").format(file=path.name),
            self.tr("Saved: {count}. Prompts and answers are not recorded.").format(count=format_number(count)),
            yes=(self.tr("&Show file"), partial(reveal, path, self)),
            no=(self.tr("&Close"), None),
        )

    def _on_not_saved(self, error: EngineError) -> None:
        inform(self.window(), "requests_not_exported", error_title(error), error_text(error))


def _requests(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every request that ends."""
    return snapshot.started_at, snapshot.prompt_tokens, tuple(request.request_id for request in snapshot.requests)
