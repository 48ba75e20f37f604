"""The file of diagnostics has nothing that identifies a person or gives access, wherever it could be from."""

from __future__ import annotations

import base64
import json
import os
import pwd
import socket
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from preheat import paths
from preheat.control import Schemas, codec_of
from preheat.doctor import Report, default_name, examine, write_bundle
from preheat.errors import EngineError, FolderError, InvalidRequestError
from preheat.log import log_file
from preheat.settings import KeyStore

USER = "zoe.brandt"
FULL_NAME = "Zoë Brandt"
HOST = "zoes-thinkpad"
PROMPT = "write a letter to my lawyer"
SETTINGS_KEY = "settings-key-4711"
OLD_KEY = "old-key-in-a-comment"
HUB_TOKEN = "hub.token.of.zoe"
SHELL_KEY = "shell-secret-0815"
FOLDER = "Divorce Papers"
LONG_KEY = "".join(f"{number:x}/" for number in range(200))

SECRETS = (
    USER,
    FULL_NAME,
    "Brandt",
    HOST,
    PROMPT,
    "lawyer",
    SETTINGS_KEY,
    OLD_KEY,
    HUB_TOKEN,
    SHELL_KEY,
    FOLDER,
    "Divorce",
    LONG_KEY[100:140],
    LONG_KEY[-20:],
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of a person, with secrets in every file that Preheat reads."""
    home = tmp_path / "homes" / USER
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PREHEAT_HOME", str(home / "preheat"))
    monkeypatch.setenv("USER", USER)
    monkeypatch.setenv("OPENAI_API_KEY", SHELL_KEY)
    monkeypatch.setenv("TLS_KEY", f"{LONG_KEY[:150]}\n{LONG_KEY[150:]}")
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    monkeypatch.setenv("LANG", f"{PROMPT!r}")
    monkeypatch.setattr(socket, "gethostname", lambda: f"{HOST}.local")
    entry = pwd.getpwuid(os.getuid())
    full = pwd.struct_passwd((USER, "x", entry.pw_uid, entry.pw_gid, f"{FULL_NAME},,,", str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: full)
    (home / "hf").mkdir()
    (home / "hf" / "token").write_text(HUB_TOKEN)
    return home


def write_settings(home: Path, *lines: str) -> None:
    paths.config_dir().mkdir(parents=True, exist_ok=True)
    folder = home.parent.parent / "disk" / FOLDER
    write_broken_model(folder / f"{FOLDER} of {USER}")
    write_broken_model(home / FOLDER)
    paths.settings_path().write_text(
        "\n".join(
            (
                f'# api_keys = ["{OLD_KEY}"], {PROMPT}, at {HOST}',
                f'api_keys = ["{SETTINGS_KEY}"]',
                f"models_dirs = [{json.dumps(str(folder))}, {json.dumps(str(home / FOLDER))}, '~/{FOLDER} 2']",
                f'favourites = ["{PROMPT}", "{USER}-model"]',
                'allowed_origins = ["https://zoe-brandt.example"]',
                f'allowed_hosts = ["{HOST}"]',
                *lines,
            )
        )
    )


def write_broken_model(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.gguf").write_text("GGUF, but damaged")
    (folder / "folder.gguf").symlink_to(folder / "nowhere")


def write_log(home: Path) -> None:
    lines = [
        ("preheat.core.requests.lease", "request for tiny: hit, waited 0.100 s, took 1.000 s, 12 tokens"),
        ("preheat.models.index", f"skipped: {home.parent.parent}/disk/{FOLDER}/deep/{FOLDER}/x.gguf is damaged"),
        ("preheat.models.index", f"skipped: {home.parent.parent}/disk/{FOLDER}/{FOLDER} cannot be read"),
        ("preheat.server.access", f"GET /v1/models?key={SETTINGS_KEY} 200 from {USER}'s agent/1.0"),
        ("preheat.server.access", f"POST {quote(str(home), safe='')} {base64.b64encode(USER.encode()).decode()}"),
        ("preheat.models.hub", f'https://{USER}:{HUB_TOKEN}@hub.example said "{PROMPT}"'),
        (
            "preheat.models.hub",
            f"Authorization: Bearer {SHELL_KEY}; x={json.dumps(FULL_NAME)} {FULL_NAME!a} b'{PROMPT}'",
        ),
        ("preheat.core", f"certificate {LONG_KEY[:150]} and {LONG_KEY[150:]}"),
        ("preheat.server.access.middleware", f"GET /v1/{PROMPT} 404 18.4 ms"),
        ("preheat.core", f"{OLD_KEY} {base64.b64encode(f'id:{HUB_TOKEN}:x'.encode()).decode()} {HOST.upper()}"),
        ("httpx", f"the answer was: {PROMPT}"),
        (f"plugin.{USER}", "hello"),
    ]
    text = "".join(f"2026-11-29T07:00:00+0000 WARNING {name}: {words}\n" for name, words in lines)
    text += f"  {PROMPT}\nTraceback (most recent call last):\n"
    text += f'  File "{home}/x/preheat/a.py", line 3, in run\n    {PROMPT}\n'
    log_file().parent.mkdir(parents=True, exist_ok=True)
    log_file().write_text(text)
    log_file().with_name("preheat.log.1").write_text(text)


def texts_of(path: Path) -> Mapping[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def forms_of(secret: str) -> set[bytes]:
    """Return the secret as it is, and in codings that hide it from a simple search."""
    plain = secret.encode()
    coded = {plain, json.dumps(secret)[1:-1].encode(), quote(secret, safe="").encode(), ascii(secret)[1:-1].encode()}
    for shift in range(3):
        code = base64.b64encode(b" " * shift + plain).rstrip(b"=")
        coded.add(code[(0, 2, 3)[shift] : -1])
    return {form.lower() for form in coded} | {plain.hex().encode()}


def assert_clean(path: Path) -> None:
    for name, text in {**texts_of(path), "the file itself": path.read_bytes().decode("latin-1")}.items():
        for secret in SECRETS:
            for form in forms_of(secret):
                assert form not in text.lower().encode(), f"{secret!r} as {form!r} in {name}: {text}"


@pytest.mark.parametrize(
    "line",
    [
        "port = 12345",
        f'theme = "{PROMPT}"',
        f'"{USER}" = 1',
        f'host = "{HOST}"',
        f"port = [{PROMPT}",
        f'[models."{USER}"]\ncontext_length = 4096',
    ],
)
def test_nothing_private_is_in_the_file(home: Path, line: str, tmp_path: Path) -> None:
    write_settings(home, line)
    write_log(home)
    KeyStore().create(f"{USER} laptop")
    path = tmp_path / "out.zip"
    about = write_bundle(path, examine())
    assert set(about) == set(texts_of(path))
    assert_clean(path)


def test_what_helps_is_in_the_file(home: Path, tmp_path: Path) -> None:
    write_settings(home, "port = 12345", 'memory_limit = "50%"', 'theme = "dark"')
    write_log(home)
    path = tmp_path / "out.zip"
    report = examine()
    write_bundle(path, report)
    texts = texts_of(path)
    assert "~/preheat/config" in texts["report.txt"]
    schemas: Schemas = {}
    assert codec_of(Report).schema(schemas)
    assert [check["name"] for check in json.loads(texts["report.json"])["checks"]] == [
        each.name for each in report.checks
    ]
    assert 'api_keys = ["***"]' in texts["settings.toml"]
    assert 'port = 12345\nmemory_limit = "50%"\ntheme = "dark"' in texts["settings.toml"]
    assert json.loads(texts["models.json"]) == []
    assert json.loads(texts["system.json"])["machine"]
    assert "request for tiny: hit, waited 0.100 s" in texts["log/preheat.log"]
    assert "…/x.gguf is damaged" in texts["log/preheat.log"]
    assert "GET <path> 404 18.4 ms" in texts["log/preheat.log"]
    assert "httpx: <" in texts["log/preheat.log"]
    assert "a.py:3 run" in texts["log/preheat.log"]
    assert "log/preheat.log.1" in texts


def test_only_its_owner_reads_it_and_nothing_is_overwritten(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    path.write_text("precious")
    path.chmod(0o644)
    report = examine(())
    with pytest.raises(InvalidRequestError, match="exists already"):
        write_bundle(path, report)
    assert path.read_text() == "precious"
    write_bundle(path, report, overwrite=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert zipfile.is_zipfile(path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidRequestError):
        write_bundle(path, report)
    assert not (tmp_path / "elsewhere").exists()
    write_bundle(tmp_path / default_name(), report)
    assert sorted(each.suffix for each in tmp_path.iterdir() if each.is_file()) == [".zip"]


def test_a_place_that_cannot_be_written(home: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="cannot be written"):
        write_bundle(tmp_path / "none" / "out.zip", examine(()))


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_hostile_files_keep_no_part_out(home: Path, tmp_path: Path, kind: str) -> None:
    for path in (paths.settings_path(), log_file(), paths.keys_file(), paths.runtime_file(), home / "hf" / "token"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if kind == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()
    write_bundle(tmp_path / "out.zip", examine(()))
    texts = texts_of(tmp_path / "out.zip")
    assert texts["settings.toml"].startswith("not available")
    assert texts["log/preheat.log"].startswith("not available")


def test_no_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PREHEAT_HOME", "~nobody-of-this-name/x")
    with pytest.raises(EngineError):
        paths.data_dir()
    report = examine()
    assert report.level.value == "broken"
    write_bundle(tmp_path / "out.zip", report)
