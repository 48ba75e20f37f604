"""Downloads in the running application, from pull to removal."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from local_hub import LocalHub
from processes import maps, wait_until_gone
from running_preheat import Answer, Preheat, running_preheat, wait_until

REPO = "someone/all-MiniLM-GGUF"
MODEL = "all-minilm-l6-v2.q8_0"


def _ask(preheat: Preheat, method: str, path: str, body: Any = None) -> Answer:
    return preheat.ask(method, f"/preheat/v1/{path}", body, preheat.own_headers)


def _control(preheat: Preheat, method: str, path: str, body: Any = None) -> Any:
    answer = _ask(preheat, method, path, body)
    assert answer.status < 300, answer.body
    return answer.body


def _answer_to(preheat: Preheat, body: Any) -> str:
    """Return the whole answer to an import that is refused."""
    answer = _ask(preheat, "POST", "import", body)
    assert answer.status >= 400
    return f"{answer.status} {answer.body}"


def _refused(preheat: Preheat, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = _ask(preheat, method, path, body)
    return answer.status, answer.body["error"]["code"]


def _download(preheat: Preheat) -> dict[str, Any]:
    (download,) = preheat.status()["downloads"]
    return dict(download)


def _embeds(preheat: Preheat) -> bool:
    with preheat.client() as client:
        return len(client.embeddings.create(model=MODEL, input="test").data[0].embedding) == 384


def _command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "preheat", *arguments],
        env={**os.environ, "PREHEAT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_model_is_pulled_used_and_removed(tmp_path: Path, local_hub: LocalHub, embedding_model: Path) -> None:
    local_hub.add_repo(REPO, {embedding_model.name: embedding_model})
    local_hub.bytes_per_s = 20_000_000
    with running_preheat(tmp_path) as preheat:
        begun = _control(preheat, "POST", "downloads", {"name": f"hf.co/{REPO}"})
        assert begun["state"] in ("queued", "checking", "running")
        joined = _command(tmp_path, "pull", REPO)  # the running application does it, once
        assert joined.returncode == 0, joined.stderr
        assert _download(preheat)["state"] == "done"
        assert len(local_hub.seen("cdn")) == 1
        wait_until(lambda: [model["id"] for model in preheat.status()["models"]] == [MODEL])
        assert _embeds(preheat)
        weights = Path(preheat.model(MODEL)["path"])
        assert any(maps(worker, weights) for worker in preheat.workers())
        gone = _control(preheat, "DELETE", f"models/{MODEL}")
        assert gone == {"id": MODEL, "freed_bytes": embedding_model.stat().st_size}
        assert not any(maps(worker, weights) for worker in preheat.workers())
        wait_until(lambda: preheat.status()["models"] == [])
        assert preheat.status()["downloads"] == []
        assert not (tmp_path / "data" / "models" / "someone").exists()


def test_files_of_other_owners_are_not_deleted(tmp_path: Path, embedding_model: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    theirs = folder / embedding_model.name
    shutil.copy(embedding_model, theirs)
    (tmp_path / "home").mkdir()
    with running_preheat(tmp_path / "home", folder) as preheat:
        assert _refused(preheat, "DELETE", f"models/{MODEL}") == (409, "not_own_file")
        assert theirs.exists()
        refused = _command(tmp_path / "home", "rm", MODEL, "--yes")
        assert refused.returncode == 1
        assert "cannot be deleted by Preheat" in refused.stderr


def test_a_download_continues_after_kill_9_of_the_application(
    tmp_path: Path, local_hub: LocalHub, embedding_model: Path
) -> None:
    local_hub.add_repo(REPO, {embedding_model.name: embedding_model})
    local_hub.bytes_per_s = 5_000_000
    with running_preheat(tmp_path) as preheat:
        _control(preheat, "POST", "downloads", {"name": REPO})
        wait_until(lambda: _download(preheat)["done_bytes"] > 3_000_000)
        now = _download(preheat)
        assert now["bytes_per_s"] is not None
        assert now["left_s"] is not None
        workers = preheat.workers()
        preheat.process.send_signal(signal.SIGKILL)
        preheat.process.wait(60)
        wait_until_gone(workers)
    (part,) = tmp_path.rglob("*.part")
    there = part.stat().st_size
    (tmp_path / "runtime" / "engine.json").unlink()  # no other process can have removed it
    local_hub.bytes_per_s = 0
    with running_preheat(tmp_path) as preheat:
        wait_until(lambda: _download(preheat)["state"] == "done")
        assert local_hub.seen("cdn")[-1].headers["range"] == f"bytes={there}-"
        wait_until(lambda: [model["id"] for model in preheat.status()["models"]] == [MODEL])


def test_pause_resume_cancel_and_errors_over_http(tmp_path: Path, local_hub: LocalHub, embedding_model: Path) -> None:
    local_hub.add_repo(REPO, {embedding_model.name: embedding_model})
    local_hub.add_repo("meta/Gated-GGUF", {"g.gguf": b"GGUF"}, gated="manual")
    local_hub.bytes_per_s = 2_000_000
    with running_preheat(tmp_path) as preheat:
        assert _refused(preheat, "POST", "downloads", {"name": "meta/Gated-GGUF"}) == (403, "gated_repo")
        assert _refused(preheat, "POST", "downloads", {"name": "no/body"}) == (404, "repo_not_found")
        assert _refused(preheat, "POST", "downloads", {}) == (400, "invalid_request")
        assert _refused(preheat, "POST", "downloads/none/pause") == (404, "download_not_found")
        assert _refused(preheat, "POST", "import", {"path": "relative.gguf"}) == (400, "invalid_request")
        download_id = _control(preheat, "POST", "downloads", {"name": REPO})["id"]
        assert _control(preheat, "POST", f"downloads/{download_id}/pause")["state"] == "paused"
        assert _control(preheat, "POST", f"downloads/{download_id}/resume")["state"] in (
            "queued",
            "checking",
            "running",
        )
        assert _control(preheat, "POST", f"downloads/{download_id}/cancel")["state"] == "cancelled"
        assert _control(preheat, "GET", "downloads") == {"downloads": []}
        (tmp_path / "folder.gguf").mkdir()
        (tmp_path / "letter.gguf").write_text("dear")
        os.mkfifo(tmp_path / "pipe.gguf")
        answers = {
            _answer_to(preheat, {"path": str(path), "how": "move"}).replace(path.name, "")
            for path in (*tmp_path.glob("*.gguf"), tmp_path / "none.gguf", tmp_path / "folder.gguf" / "none.gguf")
        }
        assert len(answers) == 1
        (tmp_path / "no.gguf").write_bytes(b"GGUF but no more")
        assert _refused(preheat, "POST", "import", {"path": str(tmp_path / "no.gguf")})[1] == "invalid_model_file"


def test_the_models_folder_is_moved_while_the_application_runs(
    tmp_path: Path, local_hub: LocalHub, embedding_model: Path
) -> None:
    local_hub.add_repo(REPO, {embedding_model.name: embedding_model})
    (tmp_path / "home").mkdir()
    with running_preheat(tmp_path / "home") as preheat:
        assert _command(tmp_path / "home", "pull", REPO).returncode == 0
        new = tmp_path / "new"
        old = tmp_path / "home" / "data" / "models"
        (old / "letter.txt").write_text("dear")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "letter.txt").touch()
        for place in (tmp_path / "full", tmp_path / "full" / "letter.txt", Path("/etc/models")):
            assert _refused(preheat, "POST", "move", {"path": str(place)}) == (400, "unusable_path")
        plan = _control(preheat, "POST", "move", {"path": str(new), "dry_run": True})
        assert [file["path"] for file in plan["files"]][-1] == f"{REPO}/{embedding_model.name}"
        assert (plan["dry_run"], plan["others"], plan["named_others"]) == (True, 1, ["letter.txt"])
        assert not new.exists()
        moved = _control(preheat, "POST", "move", {"path": str(new)})
        assert moved == {**plan, "dry_run": False}
        assert (old / "letter.txt").exists()
        wait_until(
            lambda: [model["path"] for model in preheat.status()["models"]] == [str(new / REPO / embedding_model.name)]
        )
        assert _embeds(preheat)
        assert _download(preheat)["state"] == "done"
        gone = _control(preheat, "DELETE", f"models/{MODEL}")
        assert gone["freed_bytes"] == embedding_model.stat().st_size


def test_the_users_own_files_stay_where_they_are(tmp_path: Path, embedding_model: Path) -> None:
    documents, new = tmp_path / "Documents", tmp_path / "new"
    (documents / "photos").mkdir(parents=True)
    for name in ("letter.txt", "photos/me.jpg"):
        (documents / name).write_text(name)
    shutil.copy(embedding_model, documents / "theirs.gguf")
    shutil.copy(embedding_model, tmp_path / "mine.gguf")
    theirs = sorted(documents.rglob("*"))
    (tmp_path / "home").mkdir()
    with running_preheat(tmp_path / "home") as preheat:
        _control(preheat, "PATCH", "settings", {"models_dir": str(documents)})
        _control(preheat, "POST", "import", {"path": str(tmp_path / "mine.gguf"), "how": "move"})
        wait_until(lambda: {model["id"] for model in preheat.status()["models"]} == {"mine", "theirs"})
        assert _refused(preheat, "DELETE", "models/theirs") == (409, "not_own_file")
        plan = _control(preheat, "POST", "move", {"path": str(new), "dry_run": True})
        assert [file["path"] for file in plan["files"]] == ["mine.gguf"]
        assert plan["others"] == 3
        _control(preheat, "POST", "move", {"path": str(new)})
        assert sorted(path.name for path in new.iterdir()) == [".preheat-models", "mine.gguf"]
        assert sorted(path for path in documents.rglob("*") if path.name != ".preheat-models") == theirs
