"""Ollama's endpoints and fields, for the documentation."""

from __future__ import annotations

from typing import Final

from preheat.server.ollama.schema import (
    CREATE_REFUSED,
    LOAD_OPTIONS,
    OFF,
    CopyBody,
    CreateBody,
    EmbedBody,
    EmbeddingsBody,
    GenerateBody,
    ModelBody,
    OllamaChatBody,
    Options,
    PullBody,
    ShowBody,
)
from preheat.server.protocols import Endpoint, Family, Field, fields_of

_OPTIONS: Final = tuple(
    Field(f"options.{field.name}", field.support, field.note)
    for field in fields_of(
        Options,
        ignored=dict.fromkeys(LOAD_OPTIONS, "Preheat's settings decide how a model is loaded"),
        refused=dict.fromkeys(OFF, "not supported, except for the value that switches it off"),
    )
)
_UNCUT: Final = {
    "truncate": "a prompt that does not fit is an error, and is never cut",
    "shift": "an answer ends at the context length",
}
_ANSWERS: Final = (
    "While a model loads and reads its prompt, a stream has lines without text; their field `progress` holds `stage`, "
    "`share` and `remaining_s`"
)

FAMILY: Final = Family(
    "ollama",
    "Ollama",
    (
        Endpoint("GET", "/", "Answers `Ollama is running`; also for HEAD. Browsers get Preheat's page"),
        Endpoint("GET", "/api/version", "The version of Ollama's API; also for HEAD"),
        Endpoint("GET", "/api/tags", "Every model on disk; also for HEAD"),
        Endpoint("GET", "/api/ps", "The models in memory"),
        Endpoint("POST", "/api/show", "Details, capabilities and header of a model.", fields_of(ShowBody)),
        Endpoint("POST", "/api/chat", f"Answers a chat. {_ANSWERS}", fields_of(OllamaChatBody, _UNCUT) + _OPTIONS),
        Endpoint(
            "POST",
            "/api/generate",
            f"Continues a prompt. {_ANSWERS}",
            fields_of(
                GenerateBody,
                _UNCUT,
                {
                    "template": "the model's own is used, or none with `raw`",
                    "width": "no images are made",
                    "height": "no images are made",
                    "steps": "no images are made",
                },
            )
            + _OPTIONS,
        ),
        Endpoint("POST", "/api/embed", "A vector for each input.", fields_of(EmbedBody) + _OPTIONS),
        Endpoint("POST", "/api/embeddings", "The vector of one prompt.", fields_of(EmbeddingsBody) + _OPTIONS),
        Endpoint(
            "POST",
            "/api/pull",
            "Downloads a model: names of the catalogue, and `hf.co/OWNER/NAME:QUANTIZATION`. A client that disconnects "
            "does not stop the download",
            fields_of(PullBody, {"insecure": "downloads are always encrypted"}),
        ),
        Endpoint(
            "DELETE",
            "/api/delete",
            "Deletes a model in Preheat's own folder, or a name made with copy or create",
            fields_of(ModelBody),
        ),
        Endpoint("POST", "/api/copy", "Another name for a model, in Ollama's API.", fields_of(CopyBody)),
        Endpoint(
            "POST",
            "/api/create",
            "A name for a model with a system prompt and options of its own, in Ollama's API",
            fields_of(CreateBody, {"license": "the model keeps its own"}, CREATE_REFUSED),
        ),
        Endpoint("POST", "/api/push", "Refused"),
        Endpoint("POST", "/api/blobs/{digest}", "Refused; also for HEAD"),
    ),
)
"""All of Ollama's endpoints."""
