"""The real tray in a real panel: its icon and its menu."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.error import HTTPError

import pytest

from local_hub import LocalHub
from preheat.control import Outcome, RequestRecord
from preheat.usage import UsageLog
from processes import wait_until_gone
from running_preheat import CHAT, EMBEDDING, running_preheat, wait_until
from tray_application import IconLook, TrayApplication, running_tray, tray_command, tray_environment, wait_for_port
from virtual_screen import Screen, virtual_screen

SECOND_CHAT = "second-chat"
FAVOURITES = (CHAT, EMBEDDING, SECOND_CHAT)
DOT_PIXELS = 20  # red ones; the dot has about 70
LIMIT_FROM_RIGHT, LIMIT_FROM_TOP = 97, 210  # of the limit's handle in the dashboard, in pixels
REQUESTS_FROM_RIGHT, REQUESTS_FROM_TOP = 134, 16  # of the button on the page of activity
TRY_IT_FROM_LEFT, TRY_IT_FROM_TOP = 62, 166  # of the page's entry in the navigation
DOWNLOADS_FROM_TOP = 90
SUGGESTED = "ggml-org/embeddinggemma-300M-GGUF"
EXIT_TIMEOUT_S = 60.0
DEATH = f"model {EMBEDDING}: hot -> failed"

SETTINGS = f"""
favourites = ["{CHAT}", "{EMBEDDING}", "{SECOND_CHAT}"]

[models."{SECOND_CHAT}"]
context_length = 1024
"""


@pytest.fixture(scope="module")  # not longer: other tests count this process's children
def screen() -> Iterator[Screen]:
    """A screen with a panel."""
    with virtual_screen() as screen:
        yield screen


@pytest.fixture
def three_models(tmp_path: Path, chat_model: Path, embedding_model: Path) -> Path:
    """A PREHEAT_HOME with three models, all of them favourites."""
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    for model in (chat_model, embedding_model):
        (models / model.name).symlink_to(model)
    (models / f"{SECOND_CHAT}.gguf").symlink_to(_copy(chat_model, tmp_path))  # links to one file are one model
    settings = tmp_path / "config" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def tray(screen: Screen, three_models: Path) -> Iterator[TrayApplication]:
    """A tray as after login, with three hot models."""
    with running_tray(screen, three_models, "--login") as tray:
        wait_for_port(tray)
        tray.wait_hot(*FAVOURITES)
        wait_until(lambda: tray.icon().shows_count)
        yield tray


def test_after_login_the_ring_fills_before_the_count_appears(screen: Screen, three_models: Path) -> None:
    with running_tray(screen, three_models, "--login") as tray:
        looks = _looks_until_counted(tray)
        wait_for_port(tray)
        assert all(tray.model(model_id)["state"] == "hot" for model_id in FAVOURITES)
        rings = [look.ring for look in looks if look.ring]
        assert len(set(rings)) >= 2  # it was seen to move
        assert rings == sorted(rings)  # and never backwards
        three = tray.icon().signs
        tray.post(f"/preheat/v1/models/{EMBEDDING}/unload")
        wait_until(lambda: tray.icon().shows_count and tray.icon().signs != three)  # another figure
        assert not screen.windows("Preheat")


def test_menu_switches_preloading_and_favourites(tray: TrayApplication) -> None:
    tray.choose("Down", "Down", "Return")
    wait_until(lambda: tray.status()["preload"]["enabled"] is False)
    tray.choose("Down", "Down", "Return")
    wait_until(lambda: tray.status()["preload"]["enabled"] is True)

    assert tray.model(CHAT)["favourite"]
    tray.choose("Down", "Down", "Down", "Down", "Right", "Return")
    wait_until(lambda: not tray.model(CHAT)["favourite"])
    assert tray.model(EMBEDDING)["favourite"]


def test_a_pause_from_the_menu_is_shown_and_reported(tray: TrayApplication) -> None:
    tray.choose("a", "h")
    wait_until(lambda: tray.status()["preload"]["paused"])
    left_s = tray.status()["preload"]["paused_until"] - time.time()
    assert 3500 < left_s <= 3600
    wait_until(lambda: not tray.icon().flame_is_amber and tray.icon().signs)


def test_the_settings_dialog_lowers_the_limit_and_a_model_is_evicted(tray: TrayApplication) -> None:
    def lowered() -> bool:
        if not tray.screen.windows("Settings"):
            tray.choose("s")
            wait_until(lambda: "Settings" in tray.screen.active())
        tray.screen.key("Tab", "ctrl+a")  # the first field: the memory limit
        tray.screen.do("type", "300MB")
        tray.screen.key("Return")
        wait_until(lambda: not tray.screen.windows("Settings"))
        return bool(tray.status()["memory"]["limit_bytes"] == 300_000_000)

    wait_until(lowered)  # on a busy machine the first keys may come before the field has the focus
    wait_until(lambda: any(tray.model(model_id)["state"] == "cold" for model_id in FAVOURITES))
    wait_until(lambda: tray.status()["memory"]["used_bytes"] <= 300_000_000)
    assert not tray.screen.windows("Settings")
    assert 'memory_limit = "300MB"' in (tray.home / "config" / "settings.toml").read_text()


def test_dragging_the_limit_on_the_overview_changes_it(tray: TrayApplication) -> None:
    before = tray.status()["memory"]["limit_bytes"]
    tray.choose("d")
    wait_until(lambda: tray.screen.active() == "Preheat")
    box = tray.screen.box(wait_until(lambda: tray.screen.windows("Preheat"))[0])
    x, y = box.x + box.width - LIMIT_FROM_RIGHT, box.y + LIMIT_FROM_TOP

    def dragged() -> bool:
        tray.screen.do("mousemove", x, y, "mousedown", 1)
        for step in (20, 60, 200):
            tray.screen.do("mousemove", x - step, y)
        tray.screen.do("mouseup", 1)
        return bool(tray.status()["memory"]["limit_bytes"] < before)

    wait_until(dragged)  # the window may not be painted yet
    assert "memory_limit" in (tray.home / "config" / "settings.toml").read_text()
    assert all(tray.model(model_id)["state"] == "hot" for model_id in FAVOURITES)


def test_requests_of_earlier_runs_are_exported(screen: Screen, three_models: Path) -> None:
    log = UsageLog(three_models / "data" / "usage.db")
    began = time.time() - 100_000
    for number in range(10_000):
        log.record(RequestRecord(CHAT, began + 10 * number, Outcome.HIT, client="notes/1.2", ttft_s=0.2))
        if number % 5000 == 4999:
            assert log.write_pending()
    log.close()
    path = three_models / "requests.csv"
    with running_tray(screen, three_models, "--login", "--no-preload") as tray:
        wait_for_port(tray)
        assert tray.model(CHAT)["last_used_at"] == pytest.approx(began + 99_990, rel=0, abs=0.01)
        tray.choose("d")
        wait_until(lambda: tray.screen.active() == "Preheat")
        box = tray.screen.box(wait_until(lambda: tray.screen.windows("Preheat"))[0])
        tray.screen.key("ctrl+4")

        def asked() -> bool:
            tray.screen.click(box.x + box.width - REQUESTS_FROM_RIGHT, box.y + REQUESTS_FROM_TOP)
            tray.screen.key("alt+e")
            return "Export" in tray.screen.active()

        wait_until(asked)  # the requests may not be there yet
        tray.screen.key("ctrl+a")
        tray.screen.do("type", str(path))
        tray.screen.key("Return")
        wait_until(path.exists)
    assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 10_001


def test_text_typed_after_a_click_on_try_it_is_asked(tray: TrayApplication) -> None:
    tray.choose("d")
    wait_until(lambda: tray.screen.active() == "Preheat")
    box = tray.screen.box(wait_until(lambda: tray.screen.windows("Preheat"))[0])

    def asked() -> bool:
        tray.screen.click(box.x + TRY_IT_FROM_LEFT, box.y + TRY_IT_FROM_TOP)
        tray.screen.do("type", "hi")
        tray.screen.key("Return")
        preload = tray.status()["preload"]
        return bool(preload["hits"] + preload["misses"])

    wait_until(asked)  # the window may not be painted yet
    tray.screen.key("ctrl+comma")
    wait_until(lambda: "Settings" in tray.screen.active())
    tray.screen.key("Escape")
    wait_until(lambda: not tray.screen.windows("Settings"))
    tray.open_menu()
    tray.screen.key("ctrl+comma")
    wait_until(lambda: "Settings" in tray.screen.active())


def test_a_first_start_asks_which_models_are_ready_and_loads_the_chosen_one(screen: Screen, three_models: Path) -> None:
    (three_models / "config" / "settings.toml").unlink()
    with running_tray(screen, three_models) as tray:
        wait_for_port(tray)
        wait_until(lambda: "Welcome" in screen.active())
        screen.key("space")  # the first model of the list
        tray.wait_hot(EMBEDDING)
        assert tray.status()["favourites"] == [EMBEDDING]
        screen.key("Escape")
        wait_until(lambda: screen.active() == "Preheat")


def test_a_suggestion_is_found_without_a_connection_and_downloaded_with_one(
    screen: Screen, three_models: Path, local_hub: LocalHub
) -> None:
    local_hub.add_repo(SUGGESTED, {"embeddinggemma-300M-Q8_0.gguf": b"GGUF" + bytes(1000)})
    local_hub.drop_next(at="api", times=1000)
    connected = replace(screen, environment={**screen.environment, "HF_ENDPOINT": local_hub.url})
    with running_tray(connected, three_models, "--login", preload="false") as tray:
        wait_for_port(tray)
        tray.choose("d")
        wait_until(lambda: tray.screen.active() == "Preheat")
        box = tray.screen.box(wait_until(lambda: tray.screen.windows("Preheat"))[0])

        def searched() -> bool:
            tray.screen.click(box.x + TRY_IT_FROM_LEFT, box.y + DOWNLOADS_FROM_TOP)
            tray.screen.key("ctrl+f", "ctrl+a")
            tray.screen.do("type", "embeddinggemma")
            tray.screen.key("Return")
            return bool(local_hub.seen("api"))

        def downloaded() -> bool:
            tray.screen.key("Return")  # on the suggestion, then on its recommended size
            return any(SUGGESTED in each["name"] for each in tray.status()["downloads"])

        wait_until(searched)  # the window may not be painted yet
        local_hub.clear_faults()
        wait_until(downloaded)


def test_a_second_start_raises_the_first_ones_dashboard(tray: TrayApplication) -> None:
    assert not tray.screen.windows("Preheat")
    environment = tray_environment(tray.screen, tray.home, {})
    second = subprocess.run(tray_command(), env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    wait_until(lambda: tray.screen.active() == "Preheat")
    (window,) = tray.screen.windows("Preheat")
    assert int(tray.screen.do("getwindowpid", window)) == tray.process.pid

    login = subprocess.run(
        tray_command("--login"), env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert login.returncode == 0
    assert tray.screen.windows("Preheat") == [window]


def test_a_model_is_loaded_again_after_its_worker_was_killed(tray: TrayApplication, embedding_model: Path) -> None:
    killed = tray.worker_of(embedding_model)
    killed.kill()
    wait_until(lambda: tray.worker_of(embedding_model) != killed)
    tray.wait_hot(EMBEDDING)
    wait_until(lambda: tray.icon().shows_count and not tray.icon().red)


def test_a_conversation_goes_on_with_the_model_that_crashed(tray: TrayApplication) -> None:
    tray.choose("d")
    wait_until(lambda: tray.screen.active() == "Preheat")

    def asked_first() -> bool:
        tray.screen.key("ctrl+5")
        tray.screen.do("type", "Count from 1 to 1000, separated by commas.")
        tray.screen.key("Return")
        return bool(tray.status()["requests"])

    wait_until(asked_first)  # on a busy machine the first keys may come before the window has the focus
    asked = tray.status()["requests"][0]["model"]
    tray.worker_of(Path(tray.model(asked)["path"]).resolve()).kill()
    wait_until(lambda: not tray.status()["requests"])

    def asked_again() -> bool:
        tray.screen.key("alt+t")  # Try again
        return [request["model"] for request in tray.status()["requests"]] == [asked]

    wait_until(asked_again)
    tray.wait_hot(asked)
    tray.screen.key("Escape")
    wait_until(lambda: not tray.status()["requests"])


def test_repeated_worker_crashes_are_an_error_in_the_icon(tray: TrayApplication, embedding_model: Path) -> None:
    for _ in range(3):
        wait_until(lambda: _load(tray, EMBEDDING))
        deaths = tray.log().count(DEATH)
        tray.worker_of(embedding_model).kill()
        wait_until(partial(lambda before: tray.log().count(DEATH) > before, deaths))
    wait_until(lambda: tray.icon().red > DOT_PIXELS)
    assert tray.model(EMBEDDING)["state"] == "failed"
    assert tray.model(CHAT)["state"] == "hot"  # the others go on
    with tray.client() as client:
        assert client.completions.create(model=CHAT, prompt="Once", max_tokens=2).choices[0].text


def test_sigterm_ends_everything(tray: TrayApplication) -> None:
    workers = tray.workers()
    assert len(workers) >= len(FAVOURITES)
    tray.process.terminate()
    assert tray.process.wait(EXIT_TIMEOUT_S) == 0
    wait_until_gone(workers)
    wait_until(lambda: not tray.screen.tray_icons())
    assert not (tray.home / "runtime" / "engine.json").exists()


def test_quit_in_the_menu_ends_everything(tray: TrayApplication) -> None:
    workers = tray.workers()
    tray.open_menu()
    tray.screen.key("q")
    assert tray.process.wait(EXIT_TIMEOUT_S) == 0
    wait_until_gone(workers)


def test_the_tray_attaches_to_a_running_preheat(screen: Screen, three_models: Path) -> None:
    with (
        running_preheat(three_models, notifications="false") as serving,
        running_tray(screen, three_models, "--login") as tray,
    ):
        serving.wait_hot(*FAVOURITES)
        wait_until(lambda: tray.icon().shows_count)
        assert not tray.workers()
        three = tray.icon().signs
        serving.post(f"/preheat/v1/models/{EMBEDDING}/unload")
        wait_until(lambda: tray.icon().shows_count and tray.icon().signs != three)
        tray.choose("p")
        wait_until(lambda: serving.status()["preload"]["enabled"] is False)
        tray.process.terminate()
        assert tray.process.wait(EXIT_TIMEOUT_S) == 0
        assert serving.model(CHAT)["state"] == "hot"  # it was not the tray's


def test_without_a_tray_the_dashboard_opens_and_closing_it_asks(three_models: Path) -> None:
    with virtual_screen(tray=False) as bare, running_tray(bare, three_models) as tray:
        wait_until(lambda: "No tray icon" in bare.active())
        bare.key("Escape")
        wait_until(lambda: bare.active() == "Preheat")
        bare.key("ctrl+w")
        wait_until(lambda: "Close Preheat" in bare.active())
        bare.key("alt+k")
        wait_until(lambda: not bare.windows("Preheat"))
        assert tray.process.poll() is None

        again = subprocess.run(tray_command(), env=tray_environment(bare, tray.home, {}), timeout=30, check=False)
        assert again.returncode == 0
        wait_until(lambda: bare.active() == "Preheat")
        bare.key("ctrl+w")
        wait_until(lambda: "Close Preheat" in bare.active())
        bare.key("alt+q")
        assert tray.process.wait(EXIT_TIMEOUT_S) == 0


def _looks_until_counted(tray: TrayApplication) -> list[IconLook]:
    """Return everything the icon showed until its count was stable."""
    looks: list[IconLook] = []

    def counted() -> bool:
        look = tray.icon()
        if not looks or look != looks[-1]:
            looks.append(look)
        return look.shows_count

    wait_until(counted)
    return looks


def _load(tray: TrayApplication, model_id: str) -> bool:
    """Load a model; return False while the load is refused because it has just failed."""
    try:
        return bool(tray.post(f"/preheat/v1/models/{model_id}/load")) and tray.model(model_id)["state"] == "hot"
    except HTTPError as error:
        error.close()
        return False


def _copy(model: Path, folder: Path) -> Path:
    copy = folder / "copy.gguf"
    copy.write_bytes(model.read_bytes())
    return copy
