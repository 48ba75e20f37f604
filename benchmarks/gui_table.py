"""Times the windows with 1,000 models and 10,000 requests: snapshot, scroll, sort and filter. Needs no screen.

Run it with ``python -m benchmarks.gui_table``. A screen shows 60 frames a second: 16 ms each.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from preheat.control import Outcome, RequestRecord
from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
from preheat.messages import msg
from preheat.residency import State
from preheat_gui.dashboard.activity.ended import EndedColumn, EndedTable, EndedView, Wanted
from preheat_gui.dashboard.hearth.card import HearthCard
from preheat_gui.dashboard.models.table import Column, ModelsFilter, ModelsTable
from preheat_gui.dashboard.models.view import ModelsView
from preheat_gui.dashboard.navigation import PAGES
from preheat_gui.dashboard.window import DashboardWindow
from preheat_gui.tray.menu import TrayMenu
from preheat_gui.widgets import SignBook, apply_theme

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from fake_bridge import FakeBridge

MODELS = 1000
REQUESTS = 10_000
ROUNDS = 200
GB = 10**9
FAMILIES = ("qwen3", "llama-3.1", "mistral")


def make_snapshot(generator: random.Random) -> EngineSnapshot:
    """Return a snapshot with long names, in all states."""
    models = [
        ModelSnapshot(
            model_id=f"{generator.choice(FAMILIES)}-instruct-with-a-long-name-{number:04}-q4_k_m",
            state=generator.choice(tuple(State)),
            favourite=generator.random() < 0.1,
            file_bytes=generator.randint(1, 9) * GB,
            expected_bytes=generator.randint(1, 12) * GB,
            progress=0.5,
            last_used_at=time.time() - generator.random() * 10**6,
        )
        for number in range(MODELS)
    ]
    return EngineSnapshot(
        version="",
        started_at=0.0,
        memory=MemorySnapshot(8 * GB, 3 * GB, 9 * GB, total_bytes=16 * GB, keep_free_bytes=GB),
        preload=PreloadSnapshot(enabled=True),
        models=tuple(sorted(models, key=lambda model: model.model_id)),
    )


def with_progress(snapshot: EngineSnapshot, progress: float) -> EngineSnapshot:
    """Return a snapshot with more progress of one model; the others are the same objects, as the engine keeps them."""
    models = snapshot.models
    row = next(row for row, model in enumerate(models) if model.state is State.LOADING)
    return replace(snapshot, models=(*models[:row], replace(models[row], progress=progress), *models[row + 1 :]))


def measure(name: str, work: Callable[[int], None], rounds: int = ROUNDS) -> None:
    """Time ``work`` and print median, 95th percentile and worst."""
    times = []
    for number in range(rounds):
        begin = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - begin) * 1000)
    times.sort()
    p95 = times[int(len(times) * 0.95) - 1]
    print(f"{name:<44} median {statistics.median(times):6.2f} ms   p95 {p95:6.2f} ms   worst {times[-1]:6.2f} ms")


def make_requests(generator: random.Random) -> tuple[RequestRecord, ...]:
    """Return requests of some apps to 30 models, the newest first."""
    now, why = time.time(), msg("prefix_differs", token=12, tokens=3104)
    return tuple(
        RequestRecord(
            f"{generator.choice(FAMILIES)}-instruct-with-a-long-name-{generator.randint(0, 9)}-q4_k_m",
            now - 40.0 * number,
            generator.choice((Outcome.HIT, Outcome.HIT, Outcome.MISS)),
            wait_s=generator.random(),
            ttft_s=generator.random(),
            prompt_tokens=3104,
            completion_tokens=200,
            client=generator.choice(("notes/1.2", "editor/1.9", "")),
            slot_tokens=generator.randint(0, 3000),
            decode_s=generator.uniform(2.0, 9.0),
            recomputed=generator.choice((None, why)),
        )
        for number in range(REQUESTS)
    )


def time_models(app: QApplication) -> None:
    """Print the figures of the table of models."""
    first = make_snapshot(random.Random(1))
    table = ModelsTable(first)
    models = ModelsFilter(table)
    view = ModelsView(models, SignBook())
    view.resize(1100, 800)
    view.show()
    app.processEvents()
    snapshots = [with_progress(first, number / ROUNDS) for number in range(ROUNDS)]
    bar = view.verticalScrollBar()

    def update(number: int) -> None:
        table.update(snapshots[number])

    def scroll(number: int) -> None:
        bar.setValue(bar.value() + 120)
        app.processEvents()

    def repaint(number: int) -> None:
        view.viewport().repaint()

    def sort(number: int) -> None:
        view.sortByColumn((Column.STATE, Column.NAME)[number % 2], Qt.SortOrder.AscendingOrder)

    def filter_names(number: int) -> None:
        models.set_text(("qwen", "mistral 00", "")[number % 3])

    print(f"{MODELS} models, window of 1100 x 800:")
    measure("snapshot in which one model has changed", update)
    measure("scroll by 120 px, and paint", scroll)
    measure("paint all that is visible", repaint)
    measure("sort by another column", sort, 20)
    measure("filter by name", filter_names, 30)


def time_requests(app: QApplication) -> None:
    """Print the figures of the table of requests."""
    records, table = make_requests(random.Random(1)), EndedTable()
    view = EndedView(table, SignBook())
    view.resize(1100, 800)
    view.show()
    app.processEvents()
    bar = view.verticalScrollBar()

    def show(number: int) -> None:
        table.show_records(records[ROUNDS - number :])
        app.processEvents()

    def scroll(number: int) -> None:
        bar.setValue(bar.value() + 120)
        app.processEvents()

    def repaint(number: int) -> None:
        bar.setValue(bar.value() + 5000)
        view.viewport().repaint()

    def sort(number: int) -> None:
        view.sortByColumn(list(EndedColumn)[number % len(EndedColumn)], Qt.SortOrder.AscendingOrder)

    def filter_text(number: int) -> None:
        table.set_wanted(Wanted(text=("mistral", "editor differs", "")[number % 3]))

    print(f"{REQUESTS} requests, window of 1100 x 800:")
    measure("show all", lambda _: table.show_records(records[ROUNDS:]), 1)
    measure("show a new one", show)
    measure("scroll by 120 px, and paint", scroll)
    measure("scroll by a page, and paint all", repaint, 80)
    measure("sort by another column", sort, 24)
    measure("filter by words", filter_text, 30)


def time_snapshots(app: QApplication) -> None:
    """Print how long a snapshot takes that changes one model's progress: on each page, and in the tray's menu."""
    first = make_snapshot(random.Random(1))
    # As in daily use: a dozen models in memory, ten favourites.
    few = (
        replace(model, state=(State.HOT if row % 90 == 0 else State.COLD), favourite=row % 100 == 0)
        for row, model in enumerate(first.models)
    )
    models = tuple(replace(model, state=State.LOADING) if row == 7 else model for row, model in enumerate(few))
    first = replace(first, models=models, favourites=tuple(model.model_id for model in models if model.favourite))
    snapshots = [with_progress(first, number / ROUNDS) for number in range(ROUNDS)]
    print(f"A snapshot of {MODELS} models:")
    for key in ("menu", *(page.key for page in PAGES)):
        bridge = FakeBridge(app)
        if key == "menu":
            shown: DashboardWindow | TrayMenu = TrayMenu(bridge)
        else:
            shown = DashboardWindow(bridge)
            shown.show_page(key)
            shown.show()
        bridge.publish(first)
        app.processEvents()

        cards = shown.findChildren(HearthCard)

        def publish(number: int, bridge: FakeBridge = bridge, cards: Sequence[HearthCard] = cards) -> None:
            bridge.publish(snapshots[number])
            for card in cards:  # it waits for the next of its ten frames a second
                card.render_hearth()
            app.processEvents()

        measure(f"{key}: shown and painted", publish)
        shown.close()
        shown.deleteLater()


def main() -> None:
    """Print the figures."""
    app = QApplication([])
    apply_theme(app, "light")
    time_snapshots(app)
    time_models(app)
    time_requests(app)


if __name__ == "__main__":
    main()
