"""``preheat keys``."""

from __future__ import annotations

import json
from pathlib import Path

from preheat.settings import KeyStore
from tests.engine.application import preheat


def test_keys_are_made_listed_and_revoked(preheat_home: Path) -> None:
    assert preheat(preheat_home, "keys", "list").stdout == "There are no named keys.\n"
    secret = preheat(preheat_home, "keys", "add", "laptop", "--scope", "read").stdout.strip()
    key = KeyStore().find(secret.encode())
    assert key is not None
    assert (key.name, key.scope.value) == ("laptop", "read")
    listed = preheat(preheat_home, "keys", "list")
    assert "laptop" in listed.stdout
    assert secret not in listed.stdout
    assert json.loads(preheat(preheat_home, "keys", "revoke", "laptop", "--json").stdout) == []
    assert preheat(preheat_home, "keys", "revoke", "laptop").returncode == 1


def test_an_open_host_does_not_prevent_the_first_key(preheat_home: Path) -> None:
    """Without a key, such a host is refused: a container has it in its environment."""
    made = preheat(preheat_home, "keys", "add", "server", PREHEAT_HOST="0.0.0.0")

    assert made.returncode == 0, made.stderr
    assert KeyStore().find(made.stdout.strip().encode()) is not None
