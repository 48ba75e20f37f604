from __future__ import annotations

import http.client
import time

from tests.engine.application import Application, eventually

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"


def test_pause_and_resume(application: Application) -> None:
    before = time.time()
    assert application.run("pause", "30m").stdout == "Preloading is paused for 30 min.\n"
    assert before <= application.json("status")["preload"]["paused_until"] - 1800 <= time.time()
    assert "Preload   paused for " in application.run("status").stdout
    assert "paused" in application.run("plan").stdout
    assert application.json("pause") == {"paused": True, "paused_until": None}
    assert application.run("resume").stdout == "Preloading is resumed.\n"
    assert not application.json("status")["preload"]["paused"]


def test_why_and_plan(application: Application) -> None:
    eventually(lambda: application.states() == {EMBED: "hot", CHAT: "hot"}, "both models hot")
    assert application.json("why", "smol")["state"] == "hot"
    said = application.run("why", "smol").stdout
    assert said.startswith(f"{CHAT} (hot): ")
    assert "favourite 1" in said
    plan = application.json("plan")
    assert [decision["model"] for decision in plan["decisions"][:2]] == [CHAT, EMBED]
    assert {decision["verdict"] for decision in plan["decisions"]} == {"keep"}
    # Another test's request may have just ended: then the first line says that preloading waits.
    assert any(line.startswith(f"1. {CHAT}: ") for line in application.run("plan").stdout.splitlines())


def test_stats_and_log_of_the_running_one(application: Application) -> None:
    before = _requests(application)
    assert application.json("embed", "test")["dimensions"] == 384
    eventually(lambda: _requests(application) == before + 1, "the request's record")
    stats = application.json("stats")
    assert stats["memory"]["used_bytes"] > 0
    assert stats["models"][EMBED]["span"]["requests"] > 0
    assert application.run("stats").stdout.startswith("Memory    0.")
    decisions = application.json("log")
    assert {decision["model"] for decision in decisions} == {CHAT, EMBED}
    # Other tests may have loaded and unloaded them since.
    first = {decision["model"]: decision for decision in decisions if decision["action"] == "preload"}
    assert first.keys() == {CHAT, EMBED}
    assert all(decision["seconds"] > 0 for decision in first.values())
    assert "preload" in application.run("log").stdout


def _requests(application: Application) -> int:
    return int(application.json("stats", "--since", "2h")["total"]["span"]["requests"])


def test_metrics(application: Application) -> None:
    application.json("embed", "test")

    def loads_and_hits_are_counted() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", application.port)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        assert f'preheat_requests_total{{model="{EMBED}",outcome="hit"}}' in text
        return f'preheat_loads_total{{cause="preload",model="{CHAT}"}} ' in text

    eventually(loads_and_hits_are_counted, "the preload")  # other tests let it be loaded again


def test_favourites_and_settings_hold_at_once(application: Application) -> None:
    try:
        assert application.json("favourites") == [CHAT, EMBED]
        assert application.json("favourites", "--order", "all") == [EMBED, CHAT]
        assert application.json("unfavourite", "smol") == [EMBED]
        assert application.json("status")["favourites"] == [EMBED]
        set_now = application.run("config", "set", "downloads_at_once", "3")
        assert (set_now.returncode, set_now.stderr) == (0, "Takes effect now.\n")
        later = application.run("config", "set", "log_level", "debug")
        assert later.stderr == "Takes effect after a restart.\n"
    finally:
        application.run("config", "unset", "downloads_at_once")
        application.run("config", "unset", "log_level")
        assert application.run("config", "unset", "favourites").stderr == "Takes effect now.\n"
    assert application.json("favourites") == [CHAT, EMBED]


def test_an_option_goes_before_the_file(application: Application) -> None:
    done = application.run("config", "set", "port", "9999")
    assert done.returncode == 0
    assert done.stderr == "The running Preheat was started with --set port, which overrides the settings file.\n"
    assert application.run("config", "unset", "port").returncode == 0
    assert application.json("status")["port"] == application.port


def test_the_plan_tells_of_favourites_that_were_unloaded(application: Application) -> None:
    for model in (CHAT, EMBED):
        application.run("unload", model)
    assert application.json("plan")["unloaded"] == [CHAT, EMBED]
    said = application.run("plan").stdout
    assert f"{EMBED}: unloaded by the user; it returns when it is used" in said
    assert "no favourites" not in said


def test_make_room(application: Application) -> None:
    eventually(lambda: application.states() == {EMBED: "hot", CHAT: "hot"}, "both models hot")
    made = application.run("make-room", "--for", "1h").stdout
    assert made.startswith("Unloaded: ")
    assert made.endswith("models take at most 0.0 GB.\nNothing is preloaded for 1 h.\n")
    assert "room is kept for other programs until" in application.run("status").stdout
    refused = application.run("load", CHAT)
    assert "end it now: preheat make-room --end" in refused.stderr
    assert "Other programs use what is missing of " in application.run("make-room", "100%").stdout
    assert application.run("make-room", "--end", "8GiB").stderr.startswith("--end takes no size")
    assert application.run("make-room", "much").stderr.startswith("SIZE must be an amount of memory")
    assert application.run("make-room", "--end").stdout.startswith(
        "Models have their memory back.\nBeing loaded again: "
    )
    assert application.json("make-room", "--end") == {"ended": False, "returning": []}
    eventually(lambda: application.states() == {EMBED: "hot", CHAT: "hot"}, "both models back")
