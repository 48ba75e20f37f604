"""Each program's real folders, built by hand: what is found, under which names, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from preheat import paths
from preheat.messages import msg
from preheat.models import Ability, Kind, Listing, ModelFile, ModelIndex, Source, resolve
from preheat.models.sources import program_places
from preheat.settings import SourceName

WriteModel = Callable[..., Path]
OWN = (Source.PREHEAT, Source.FOLDER, Source.BUNDLED)
ALL = tuple(source.value for source in Source if source not in OWN)
COMMIT, OLDER = "a" * 40, "b" * 40
HOST = "registry.ollama.ai"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without any program's models; variables name no other places."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "OLLAMA_MODELS", "LLAMA_CACHE", "JAN_DATA_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def look(*sources: str, folders: tuple[Path, ...] = ()) -> Listing:
    return ModelIndex().look(folders, sources or ALL)


def by_id(listing: Listing) -> dict[str, ModelFile]:
    return {model.model_id: model for model in listing.models}


@pytest.fixture
def make(gguf_file: Any, metadata: Any) -> Callable[..., bytes]:
    """The bytes of a model of this name."""

    def made(name: str, architecture: str = "llama", **more: Any) -> bytes:
        content: bytes = gguf_file(metadata(architecture, general__name=name, **more)).file()
        return content

    return made


@pytest.fixture
def mmproj(gguf_file: Any) -> bytes:
    """The bytes of an image encoder."""
    content: bytes = gguf_file({"general.architecture": "clip", "general.type": "mmproj"}).file()
    return content


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def hf_file(hub: Path, repo: str, name: str, content: bytes, commit: str = COMMIT) -> Path:
    """Put a file into a Hugging Face cache as its library does."""
    folder = hub / ("models--" + repo.replace("/", "--"))
    blob = put(folder / "blobs" / hashlib.sha256(content).hexdigest(), content)
    link = folder / "snapshots" / commit / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(blob, link.parent))
    put(folder / "refs" / "main", COMMIT)
    return link


def ollama_model(store: Path, *name: str, **layers: bytes) -> None:
    """Put a model into Ollama's store: host, namespace, model, tag; layers by kind."""
    described = []
    for kind, content in layers.items():
        digest = hashlib.sha256(content).hexdigest()
        put(store / "blobs" / f"sha256-{digest}", content)
        media_type = f"application/vnd.ollama.image.{kind}"
        described.append({"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)})
    put(store.joinpath("manifests", *name), json.dumps({"schemaVersion": 2, "layers": described}))


def test_every_source_has_a_program(home: Path) -> None:
    assert get_args(SourceName) == ALL
    assert {place.source.value for place in program_places(ALL)} == set(ALL)
    assert program_places(()) == []


def test_nothing_is_there(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert look() == Listing()
    assert caplog.records == []


# Hugging Face


def test_the_hugging_face_cache(home: Path, make: Any, mmproj: bytes) -> None:
    hub = home / ".cache/huggingface/hub"
    link = hf_file(hub, "Qwen/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", make("qwen"))
    hf_file(hub, "Qwen/Qwen3-4B-GGUF", "mmproj-Qwen3-4B-BF16.gguf", mmproj + b"\0")
    encoder = hf_file(hub, "Qwen/Qwen3-4B-GGUF", "mmproj-Qwen3-4B-F16.gguf", mmproj)
    deep = hf_file(hub, "org/big", "Q8_0/big-Q8_0.gguf", make("big"))
    hf_file(hub, "org/big", "config.json", b"{}")
    put(hub / "datasets--org--data/snapshots" / COMMIT / "x.gguf", make("data"))

    models = by_id(listing := look())

    assert {name: model.path for name, model in models.items()} == {"qwen3-4b-q4_k_m": link, "big-q8_0": deep}
    qwen = models["qwen3-4b-q4_k_m"]
    assert (qwen.source, qwen.own, qwen.mmproj) == (Source.HUGGINGFACE, False, encoder)
    assert Ability.VISION in qwen.abilities
    assert models["big-q8_0"].mmproj is None
    assert [(file.kind, file.reason) for file in listing.skipped] == [(Kind.PROJECTOR, msg("skipped_projector"))] * 2


@pytest.mark.parametrize(
    ("variable", "below"),
    [("HF_HUB_CACHE", ""), ("HUGGINGFACE_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")],
)
def test_the_hugging_face_cache_may_be_elsewhere(
    home: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch, variable: str, below: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "else where"))
    hf_file(tmp_path / "else where" / below, "a/b", "m.gguf", make("m"))
    assert list(by_id(look())) == ["m"]
    assert look("ollama", "jan").models == ()


def test_the_newest_snapshot_counts_and_older_ones_fill_in(home: Path, make: Any) -> None:
    hub = home / ".cache/huggingface/hub"
    hf_file(hub, "a/b", "m-Q4_0.gguf", make("old"), OLDER)
    only_older = hf_file(hub, "a/b", "m-Q8_0.gguf", make("older"), OLDER)
    new = hf_file(hub, "a/b", "m-Q4_0.gguf", make("new"))
    models = by_id(look())
    assert {name: model.path for name, model in models.items()} == {"m-q4_0": new, "m-q8_0": only_older}
    assert models["m-q4_0"].name == "new"


def test_repositories_with_one_file_name(home: Path, make: Any) -> None:
    hub = home / ".cache/huggingface/hub"
    for repo in ("a/one", "b/two", "c/two"):
        hf_file(hub, repo, "model.gguf", make(repo))
    assert set(by_id(look())) == {"model", "two-model", "c-two-model"}


def test_links_out_of_the_cache_are_refused(
    home: Path, tmp_path: Path, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hub = home / ".cache/huggingface/hub"
    inside = hf_file(hub, "a/b", "in.gguf", make("in"))
    secret = put(tmp_path / "secret.gguf", make("secret"))
    (inside.parent / "out.gguf").symlink_to(secret)
    (inside.parent / "loop.gguf").symlink_to(inside.parent / "loop.gguf")
    (inside.parent / "folder").symlink_to(tmp_path)
    (hub / "models--x--y").symlink_to(tmp_path)
    assert list(by_id(look())) == ["in"]
    assert "leaves the folder of Hugging Face" in caplog.text


def test_a_blob_that_is_not_there_yet(home: Path, make: Any) -> None:
    hub = home / ".cache/huggingface/hub"
    link = hf_file(hub, "a/b", "m.gguf", make("m"))
    blob = link.resolve()
    blob.rename(f"{blob}.incomplete")
    assert look().models == ()


def test_a_cache_without_links(home: Path, make: Any) -> None:
    file = put(home / f".cache/huggingface/hub/models--a--b/snapshots/{COMMIT}/m.gguf", make("m"))
    assert by_id(look())["m"].path == file


# Ollama


def test_ollamas_models(home: Path, make: Any, mmproj: bytes) -> None:
    store = home / ".ollama/models"
    ollama_model(store, HOST, "library", "qwen3", "4b", model=make("qwen"), template=b"{{ . }}", params=b"{}")
    ollama_model(store, HOST, "library", "llama3.2", "latest", model=make("llama"))
    ollama_model(store, HOST, "someone", "vision", "7b", model=make("vision"), projector=mmproj)
    ollama_model(store, "hf.co", "bartowski", "Foo-GGUF", "Q4_K_M", model=make("foo"))
    ollama_model(store, HOST, "library", "mine", "lora", model=make("base"), adapter=b"x")
    ollama_model(store, HOST, "library", "cloud", "120b-cloud", template=b"x")

    models = by_id(listing := look())

    assert set(models) == {"qwen3:4b", "llama3.2:latest", "someone/vision:7b", "hf.co/bartowski/foo-gguf:q4_k_m"}
    assert models["qwen3:4b"].source is Source.OLLAMA
    assert models["qwen3:4b"].path.parent == store / "blobs"
    assert models["llama3.2:latest"].aliases == ("llama3.2",)
    encoder = models["someone/vision:7b"].mmproj
    assert encoder is not None
    assert encoder.read_bytes() == mmproj
    for asked in ("llama3.2", "LLAMA3.2:latest", "qwen3:4b", "hf.co/bartowski/Foo-GGUF:Q4_K_M", "someone/vision"):
        resolve(asked, listing.models)
    assert [(file.name, file.reason) for file in listing.skipped] == [("mine:lora", msg("skipped_adapted"))]


def test_two_names_of_one_blob_are_one_model(home: Path, make: Any) -> None:
    store = home / ".ollama/models"
    ollama_model(store, HOST, "library", "qwen3", "4b", model=make("qwen"))
    ollama_model(store, HOST, "library", "qwen3", "latest", model=make("qwen"))
    (model,) = (listing := look()).models
    assert (model.model_id, model.aliases) == ("qwen3:4b", ("qwen3:latest", "qwen3"))
    assert resolve("qwen3", listing.models) == resolve("qwen3:latest", listing.models) == model


def test_one_content_in_two_programs_is_one_model(home: Path, make: Any) -> None:
    ollama_model(home / ".ollama/models", HOST, "library", "qwen3", "4b", model=make("qwen"))
    hf_file(home / ".cache/huggingface/hub", "Qwen/Qwen3-GGUF", "Qwen3-4B-Q4_K_M.gguf", make("qwen"))
    (model,) = look().models
    assert {model.model_id, *model.aliases} == {"qwen3:4b", "qwen3-4b-q4_k_m"}
    # Without one of them the other is still there.
    assert by_id(look("huggingface")).keys() == {"qwen3-4b-q4_k_m"}


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[]",
        "null",
        '{"layers": 5}',
        '{"layers": [5, null, {"mediaType": 5, "digest": []}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../secret.gguf"}]}',
        '{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "../../secret.gguf"}]}',
        "[" * 100_000,
    ],
)
def test_malicious_manifests(home: Path, make: Any, manifest: str) -> None:
    store = home / ".ollama/models"
    put(home / "secret.gguf", make("secret"))
    ollama_model(store, HOST, "library", "good", "1b", model=make("good"))
    put(store / "manifests" / HOST / "library/bad/1b", manifest)
    assert list(by_id(look())) == ["good:1b"]


def test_blobs_outside_the_store_are_refused(home: Path, make: Any, caplog: pytest.LogCaptureFixture) -> None:
    store = home / ".ollama/models"
    ollama_model(store, HOST, "library", "bad", "1b", model=make("secret"))
    (blob,) = (store / "blobs").iterdir()
    secret = blob.rename(home / "secret.gguf")
    blob.symlink_to(secret)
    assert look().models == ()
    assert "leaves the folder of Ollama" in caplog.text


def test_a_blob_that_is_too_short_is_not_offered(home: Path, make: Any) -> None:
    store = home / ".ollama/models"
    ollama_model(store, HOST, "library", "half", "1b", model=make("half"))
    (blob,) = (store / "blobs").iterdir()
    os.truncate(blob, blob.stat().st_size - 32)
    assert look().models == ()


def test_ollamas_moved_folder_and_old_blob_names(
    home: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "store"))
    ollama_model(tmp_path / "store", HOST, "library", "old", "1b", model=make("old"))
    (blob,) = (tmp_path / "store/blobs").iterdir()
    blob.rename(blob.with_name(blob.name.replace("-", ":")))
    assert list(by_id(look())) == ["old:1b"]


# LM Studio


def test_lm_studios_models(home: Path, make: Any, mmproj: bytes) -> None:
    models = home / ".lmstudio/models"
    file = put(models / "lmstudio-community/gemma-3-4b-it-GGUF/gemma-3-4b-it-Q4_K_M.gguf", make("gemma"))
    encoder = put(models / "lmstudio-community/gemma-3-4b-it-GGUF/mmproj-model-f16.gguf", mmproj)
    put(home / ".cache/lm-studio/models/a/b/old.gguf", make("old"))
    found = by_id(look())
    assert set(found) == {"gemma-3-4b-it-q4_k_m", "old"}
    gemma = found["gemma-3-4b-it-q4_k_m"]
    assert (gemma.path, gemma.source, gemma.mmproj) == (file, Source.LMSTUDIO, encoder)


def test_lm_studios_models_may_be_moved(home: Path, tmp_path: Path, make: Any) -> None:
    put(home / ".lmstudio-home-pointer", f"{tmp_path}/studio\n")
    put(tmp_path / "studio/settings.json", json.dumps({"downloadsFolder": str(tmp_path / "big disk")}))
    put(tmp_path / "big disk/a/b/m.gguf", make("m"))
    put(home / ".lmstudio/settings.json", '{"downloadsFolder": 7}')
    put(home / ".lmstudio/models/a/b/n.gguf", make("n"))
    assert set(by_id(look())) == {"m", "n"}


# llama.cpp


def test_llama_cpps_cache(home: Path, make: Any, mmproj: bytes) -> None:
    cache = home / ".cache/llama.cpp"
    put(cache / "manifest=ggml-org=SmolVLM2-256M-Video-Instruct-GGUF=latest.json", "{}")
    prefix = "ggml-org_SmolVLM2-256M-Video-Instruct-GGUF_"
    put(cache / f"{prefix}SmolVLM2-256M-Video-Instruct-Q8_0.gguf", make("vlm"))
    encoder = put(cache / f"{prefix}mmproj-SmolVLM2-256M-Video-Instruct-Q8_0.gguf", mmproj)
    put(cache / f"{prefix}SmolVLM2-256M-Video-Instruct-Q8_0.gguf.etag", "x")
    put(cache / "other.gguf.downloadInProgress", make("half"))
    put(cache / "unknown_repo_m.gguf", make("m"))
    found = by_id(listing := look())
    assert set(found) == {"smolvlm2-256m-video-instruct-q8_0", "unknown_repo_m"}
    vlm = found["smolvlm2-256m-video-instruct-q8_0"]
    assert (vlm.source, vlm.mmproj) == (Source.LLAMACPP, encoder)
    assert vlm.aliases == ("ggml-org_smolvlm2-256m-video-instruct-gguf_smolvlm2-256m-video-instruct-q8_0",)
    assert resolve(f"{prefix}SmolVLM2-256M-Video-Instruct-Q8_0.gguf", listing.models) is vlm
    assert found["unknown_repo_m"].mmproj is None


def test_llama_cpps_newer_cache(home: Path, tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CACHE", str(tmp_path / "cache"))
    hf_file(tmp_path / "cache", "a/b", "m.gguf", make("m"))
    assert by_id(look())["m"].source is Source.LLAMACPP


# Jan


def test_jans_models(home: Path, make: Any, mmproj: bytes) -> None:
    data = home / ".local/share/Jan/data"
    folder = data / "llamacpp/models/unsloth/Qwen3-VL-2B"
    file = put(folder / "model.gguf", make("qwen"))
    encoder = put(folder / "mmproj.gguf", mmproj)
    put(
        folder / "model.yml",
        "model_path: llamacpp/models/unsloth/Qwen3-VL-2B/model.gguf\nname: Qwen3 VL\nsize_bytes: 5\n"
        "mmproj_path: 'llamacpp/models/unsloth/Qwen3-VL-2B/mmproj.gguf'\n",
    )
    put(home / "jan/models/tinyllama-1.1b/tinyllama.Q4_K_M.gguf", make("tiny"))
    put(home / "jan/models/tinyllama-1.1b/model.json", "{}")
    found = by_id(listing := look())
    assert set(found) == {"unsloth/qwen3-vl-2b", "tinyllama.q4_k_m"}
    qwen = found["unsloth/qwen3-vl-2b"]
    assert (qwen.path, qwen.source, qwen.mmproj) == (file, Source.JAN, encoder)
    assert resolve("qwen3-vl-2b", listing.models) is qwen


def test_jans_data_folder_may_be_elsewhere_and_names_nothing_outside(home: Path, tmp_path: Path, make: Any) -> None:
    put(home / ".config/Jan/settings.json", json.dumps({"data_folder": str(tmp_path / "jan data")}))
    models = tmp_path / "jan data/llamacpp/models"
    secret = put(tmp_path / "secret.gguf", make("secret"))
    put(models / "m/model.gguf", make("m"))
    put(models / "m/model.yml", f"model_path: llamacpp/models/m/model.gguf\nmmproj_path: {secret}\n")
    put(models / "n/model.yml", f"model_path: {secret}\n")
    (models / "out").mkdir()
    (models / "out/model.gguf").symlink_to(secret)
    (model,) = look().models
    assert (model.model_id, model.mmproj) == ("m", None)


# Together


def test_preheats_names_have_priority(home: Path, preheat_home: Path, make: Any) -> None:
    put(paths.models_dir() / "m.gguf", make("own"))
    hf_file(home / ".cache/huggingface/hub", "a/b", "m.gguf", make("theirs"))
    found = by_id(look(folders=(paths.models_dir(),)))
    assert {name: model.source for name, model in found.items()} == {
        "m": Source.PREHEAT,
        "b-m": Source.HUGGINGFACE,
    }
    assert found["m"].own


def test_nothing_of_another_program_is_changed(home: Path, make: Any) -> None:
    hf_file(home / ".cache/huggingface/hub", "a/b", "m.gguf", make("m"))
    ollama_model(home / ".ollama/models", HOST, "library", "m", "1b", model=make("n"))

    def state() -> dict[Path, tuple[int, int]]:
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in home.rglob("*")}

    before = state()
    assert len(look().models) == 2
    assert state() == before


def test_encoders_in_a_folder_of_many_models(tmp_path: Path, home: Path, make: Any, mmproj: bytes) -> None:
    folder = tmp_path / "models"
    for name in ("gemma-3-4b-it-Q4_K_M", "gemma-3-4b-it-Q8_0", "qwen3-4b-Q4_K_M"):
        put(folder / f"{name}.gguf", make(name))
    encoder = put(folder / "mmproj-gemma-3-4b-it-f16.gguf", mmproj)
    found = by_id(look(folders=(folder,)))
    assert {name: model.mmproj for name, model in found.items()} == {
        "gemma-3-4b-it-q4_k_m": encoder,
        "gemma-3-4b-it-q8_0": encoder,
        "qwen3-4b-q4_k_m": None,
    }
