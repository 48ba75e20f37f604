"""The page for browsers, in a real Chromium: over a real Preheat, and over an engine with hostile names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver.common.keys import Keys

from browser import Browser, running_browser
from preheat import units
from preheat.core import ModelSnapshot, RequestSnapshot
from preheat.messages import TABLE, message_json, msg, render
from preheat.models import BrokenFile, FitAnswer, Headroom, SignBook, Source
from preheat.residency import State
from preheat.server.page import page_token
from preheat.settings import KeyScope, KeyStore
from running_preheat import CHAT, EMBEDDING, Preheat, wait_until
from tests.engine.server.conftest import start_port, stop_port
from tests.engine.server.fake_engine import CHAT as TINY
from tests.engine.server.fake_engine import EMBED, FakeEngine

MANY: Final = 1000
OTHERS: Final = FitAnswer.IF_OTHERS_LEAVE
HOSTILE: Final = ("<img src=x onerror=document.title='bad'>", "__proto__", "a/b#c?d", "\u202enames", "x" * 3000)
SECONDS: Final = (0, 0.0001, 0.14, 0.9996, 1, 1.64, 9.94, 9.96, 59.4, 59.6, 3570, 4800, 86370, 86400, 270_000)
COUNTS: Final = (0, 1, 999, 1000, 49_999_999, 50_000_000, 98_100_000, 999_499_999, 1_700_000_000, 10**12)
SHARES: Final = (0, 0.001, 0.5, 0.945, 0.9999, 1)
FORMATS: Final[tuple[tuple[str, tuple[float, ...], Callable[[Any], str]], ...]] = (
    ("duration", SECONDS, units.format_duration),
    ("memory", COUNTS, units.format_memory),
    ("bytes", COUNTS, units.format_bytes),
    ("count", COUNTS, units.format_count),
    ("percent", SHARES, units.format_percent),
)
OVERFLOW: Final = "return document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.show(1440, 900)
        yield browser


def row(model_id: str, part: str) -> str:
    """Return the selector of a part of a model's row."""
    return f'.model:has(bdi[title="{model_id}"]) {part}'


def test_a_model_is_unloaded_loaded_and_marked(browser: Browser, preheat: Preheat) -> None:
    browser.open(preheat.url)
    state, action = row(CHAT, ".state"), row(CHAT, ".action")
    browser.wait_text(state, "Ready")
    browser.wait_text("#connection-words", "Connected")
    assert browser.run("return document.querySelectorAll('#band .block').length") == 2
    browser.find(action).click()
    wait_until(lambda: preheat.model(CHAT)["state"] == "cold")
    browser.wait_text(action, "Load")
    browser.find(row(CHAT, ".why")).click()
    why = render(msg("not_in_memory_suppressed")).text
    wait_until(lambda: why.lower() in browser.text(row(CHAT, ".reason")).lower())
    browser.find(action).click()
    browser.wait_text(state, "Ready")
    assert preheat.model(CHAT)["state"] == "hot"
    star = browser.find(row(EMBEDDING, ".star"))
    marked = star.get_attribute("aria-pressed")
    star.click()
    wait_until(lambda: star.get_attribute("aria-pressed") != marked)
    assert preheat.model(EMBEDDING)["favourite"] is (marked == "false")
    star.click()
    wait_until(lambda: star.get_attribute("aria-pressed") == marked)
    assert browser.problems() == []


def test_a_second_press_of_pause_does_not_resume(browser: Browser, preheat: Preheat) -> None:
    browser.open(preheat.url)
    browser.wait_text("#now-sentence", "2 models are ready.")
    browser.run("document.getElementById('pause').focus()")
    browser.press(Keys.SPACE)
    browser.wait_text("#now-sentence", "Preloading is paused until you resume it.")
    browser.press(Keys.SPACE)
    assert preheat.status()["preload"]["paused"]
    assert browser.run("return document.activeElement.id") == "pause"
    browser.find("#resume").click()
    wait_until(lambda: not preheat.status()["preload"]["paused"])


def test_the_page_speaks_german_and_fits_a_phone(browser: Browser, preheat: Preheat) -> None:
    browser.show(360, 740, language="de", dark=True)
    browser.open(preheat.url)
    browser.wait_text(row(CHAT, ".state"), "Bereit")
    assert browser.run(OVERFLOW) <= 0
    browser.find(row(CHAT, ".why")).click()
    wait_until(lambda: browser.text(row(CHAT, ".reason")).startswith("Im Speicher"))
    browser.show(1440, 900)
    assert browser.problems() == []


async def test_the_page_follows_a_restart_and_asks_for_a_key(browser: Browser, preheat_home: Path) -> None:
    engine = FakeEngine()
    engine.set_model(EMBED, state=State.COLD)
    port = await start_port(engine)
    await asyncio.to_thread(browser.open, port.url)
    await asyncio.to_thread(browser.wait_text, "#connection-words", "Connected")
    await stop_port(port)
    await asyncio.to_thread(_see_the_connection_lost, browser)
    page_token.cache_clear()  # as in another process
    viewer, manager = (KeyStore().create(scope.value, scope)[1] for scope in (KeyScope.USE, KeyScope.MANAGE))
    port = await start_port(engine, port=port.port)
    try:
        await asyncio.to_thread(_use_keys, browser, port.url, viewer, manager)
        assert engine.commands == [("unload", TINY)]
    finally:
        await stop_port(port)


def _see_the_connection_lost(browser: Browser) -> None:
    wait_until(lambda: browser.text("#connection-words").startswith("Not connected"))
    assert browser.find(row(TINY, ".name")).is_displayed()


def _use_keys(browser: Browser, url: str, viewer: str, manager: str) -> None:
    browser.run("document.getElementById('try-now').click()")
    browser.wait_focus("key")
    browser.press("wrong", Keys.ENTER)
    browser.wait_text("#key-reason", "Preheat does not know this key.")
    browser.press(viewer, Keys.ENTER)
    browser.wait_text(row(EMBED, ".action"), "Load")
    assert not browser.find(row(TINY, ".action")).is_displayed()
    browser.open(f"{url}/docs")  # the key goes with its requests, too
    browser.find("#operations-tag-control")
    browser.open(url)
    wait_until(lambda: browser.find("#forget").is_displayed())
    browser.find("#forget").click()
    browser.wait_focus("key")
    browser.press(manager, Keys.ENTER)
    browser.wait_text(row(TINY, ".action"), "Unload")
    browser.find(row(TINY, ".action")).click()
    browser.wait_text(row(TINY, ".action"), "Load")
    assert browser.problems() == []


def test_the_page_shows_numbers_messages_and_signs_as_the_engine_does(browser: Browser, preheat: Preheat) -> None:
    browser.open(preheat.url)
    files = browser.find('meta[name="preheat-files"]').get_attribute("content")
    words = f"const {{ Words }} = await import('{files}/words.js'); const words = new Words(arguments[0], 'en');"
    texts = {
        "page_days": ["{count} d", ""],
        **{code: list(TABLE[code]) for code in ("no_room", "plan_keep", "favourite")},
    }
    for name, values, engine in FORMATS:
        said = browser.run_module(f"{words} return arguments[1].map((value) => words.{name}(value))", texts, values)
        assert [text.replace("\u00a0", " ") for text in said] == list(map(engine, values))
    for message in (
        msg("no_room", model="a {b}", needed=5_100_000_000, available=0, limit=8 * 10**9),
        msg("plan_keep", reason=msg("favourite", rank=1)),
        msg("no_room", model=None),
    ):
        shown = browser.run_module(f"{words} return words.message(arguments[1])", texts, message_json(message))
        assert {name: text.replace("\u00a0", " ") for name, text in shown.items()} == render(message)._asdict()
    groups = [[f"model-{number}" for number in range(count)] for count in (3, 30, 12)] + [["Ä", "名前", "-", "model-7"]]
    book = SignBook()
    script = f"const {{ SignBook }} = await import('{files}/hues.js'); const book = new SignBook();"
    all_signs = browser.run_module(
        f"{script} return arguments[0].map((ids) => Object.fromEntries(book.signs(ids)))", groups
    )
    for names, signs in zip(groups, all_signs, strict=True):
        assert {name: (sign["hue"], sign["pattern"], sign["mark"]) for name, sign in signs.items()} == book.signs(names)


@pytest.mark.parametrize("width", [1440, 360])
async def test_sparks_run_from_programs_to_blocks_and_favourites_without_room_are_beyond_the_limit(
    browser: Browser, preheat_home: Path, width: int
) -> None:
    engine = FakeEngine()
    requests = [
        RequestSnapshot(1, "VS Code", TINY, 0.0, waiting=False, completion_tokens=9, tokens_per_s=30.0),
        RequestSnapshot(2, "VS Code", TINY, 0.0, waiting=False, completion_tokens=9, tokens_per_s=25.0),
        RequestSnapshot(3, "<b>" + "x" * 300, EMBED, 0.0, waiting=True),
    ]
    engine.set_model(EMBED, state=State.LOADING, progress=0.5, expected_bytes=1500)
    large = ModelSnapshot("large", State.COLD, True, 10**9, expected_bytes=10**12, fit=FitAnswer.TOO_BIG)
    models = (*engine.snapshot.models, large)
    engine.snapshot = replace(
        engine.snapshot, models=models, requests=tuple(requests), favourites_without_room=("large",)
    )
    port = await start_port(engine)
    try:
        await asyncio.to_thread(_see_sparks, browser, port.url, width)
    finally:
        await stop_port(port)
        browser.show(1440, 900)


def _see_sparks(browser: Browser, url: str, width: int) -> None:
    chips = "return [...document.querySelectorAll('.caller')].map((chip) => chip.textContent)"
    motion = "return [...document.querySelectorAll('.spark')].map((spark) => getComputedStyle(spark).animationName)"
    edges = """
        const edge = (id, side) => document.querySelector(id).getBoundingClientRect()[side];
        return [edge('#band', 'right'), edge('#limit-line', 'left'), edge('#outside', 'left')]
    """
    inside = """
        const lane = document.getElementById('lane').getBoundingClientRect();
        return [...document.querySelectorAll('.caller')].every((chip) => {
          const place = chip.getBoundingClientRect();
          return place.left >= lane.left - 1 && place.right <= lane.right + 1;
        })
    """
    for still in (False, True):
        browser.show(width, 800, still=still)
        browser.open(url)
        wait_until(lambda: len(browser.run(chips)) == 2)
        assert set(browser.run(chips)) == {"VS Code \u00d7 2", "<b>" + "x" * 300}
        assert sorted(browser.run(motion)) == (["none", "none"] if still else ["none", "spark"])
        band, line, beyond = browser.run(edges)
        assert band <= line < beyond
        assert browser.run(inside)
        label = browser.find("#band [data-busy=true] button").get_attribute("aria-label")
        assert label is not None
        assert label.endswith("55 tokens/s")
        assert (
            browser.run("return getComputedStyle(document.querySelector('#outside button')).borderTopStyle") == "dashed"
        )
        assert browser.run(OVERFLOW) <= 0
        assert browser.problems() == []


async def test_many_models_with_hostile_names(browser: Browser, preheat_home: Path) -> None:
    engine = FakeEngine()
    cold = [
        ModelSnapshot(f"model-{number}", State.COLD, False, 10**9, expected_bytes=10**9, fit=OTHERS)
        for number in range(MANY)
    ]
    cold += [ModelSnapshot(name, State.COLD, False, 10**9, expected_bytes=10**9) for name in HOSTILE]
    models = sorted((*engine.snapshot.models, *cold), key=lambda model: model.model_id)
    broken = BrokenFile("cut.gguf", Path("/m/cut.gguf"), Source.FOLDER, 8, msg("broken_link", path="/m/cut.gguf"))
    memory = replace(engine.snapshot.memory, headroom=Headroom.beside({TINY: 10**9}, 10**9))
    engine.snapshot = replace(engine.snapshot, models=tuple(models), broken_files=(broken,), memory=memory)
    port = await start_port(engine)
    try:
        await asyncio.to_thread(_use_many, browser, port.url, _on_loop(engine))
        assert ("load", HOSTILE[0]) in engine.commands
        assert ("load", HOSTILE[2]) in engine.commands
    finally:
        await stop_port(port)


def _on_loop(engine: FakeEngine) -> Callable[..., Any]:
    loop = asyncio.get_running_loop()
    return lambda *names, **changes: loop.call_soon_threadsafe(lambda: engine.set_model(*names, **changes))


def _use_many(browser: Browser, url: str, set_model: Callable[..., Any]) -> None:
    browser.open(url)
    wait_until(lambda: browser.run("return document.querySelectorAll('.model').length") == MANY + 2 + len(HOSTILE))
    names = browser.run("return [...document.querySelectorAll('.model bdi')].map((name) => name.textContent)")
    assert set(HOSTILE) <= set(names)
    assert names.index("model-9") < names.index("model-10")
    assert (browser.run("return document.title"), browser.run("return document.images.length")) == ("Preheat", 1)
    assert browser.run(OVERFLOW) <= 0
    assert browser.text("#broken-count") == "1 file can't be used"
    assert browser.run("return document.querySelector('#broken-list').textContent") == (
        "/m/cut.gguf is a broken link. Remove it, or put the file back."
    )
    assert f"fits if {TINY} leaves" in browser.run("return document.querySelector('#model-list').textContent")
    set_model("model-500", state=State.LOADING, progress=0.5)
    browser.wait_text(row("model-500", ".state"), "Loading 50\u00a0%")
    load = (
        "[...document.querySelectorAll('.action')].find((each) => each.ariaLabel === `Load: ${arguments[0]}`).click()"
    )
    for name in (HOSTILE[0], HOSTILE[2]):
        browser.run(load, name)
    ready = "return document.querySelectorAll('.model[data-state=hot]').length"
    wait_until(lambda: browser.run(ready) == 4)
    browser.find("#filter").send_keys("model-77")
    browser.wait_text("#models-count", "11 of 1,007")
    assert browser.problems() == []
