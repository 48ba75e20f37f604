"""Bodies of embeddings, reranking and tokenizing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from preheat.server.bodies import Int, JsonBody, Messages, Name, Refused, Several, Text, Tools
from preheat.server.openai.messages import Message, Tool
from preheat.server.openai.schema import Tokens, as_list

_WRITTEN_INTO_TEXT = "write the model's prefix into the text"


class EmbeddingBody(JsonBody):
    """POST /v1/embeddings."""

    IGNORED: ClassVar[Mapping[str, str]] = {"user": "", "keep_alive": "see the setting keep_alive", "options": ""}
    REFUSED: ClassVar[Mapping[str, Refused]] = {
        "input_type": Refused(_WRITTEN_INTO_TEXT),
        "task": Refused(_WRITTEN_INTO_TEXT),
        "prompt_name": Refused(_WRITTEN_INTO_TEXT),
        "normalize": Refused("vectors always have length 1", (True,)),
        "normalized": Refused("vectors always have length 1", (True,)),
        "embd_normalize": Refused("vectors always have length 1", (2,)),
        "truncate": Refused("an input is never cut", (False, "NONE")),
        "truncate_prompt_tokens": Refused("an input is never cut"),
        "late_chunking": Refused("each input gets its own vector", (False,)),
    }

    model: Name
    input: Text | Several[Text] | Tokens | Several[Tokens]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[Int, Field(ge=1, lt=2**31)] | None = Field(
        None, description="Shorter vectors, of models that were trained for them."
    )

    @property
    def inputs(self) -> list[str | list[int]]:
        """The inputs, as a list."""
        return as_list(self.input)


class DocumentBody(JsonBody):
    """A document with its text in a field, as Jina's and Cohere's clients send it."""

    text: Text


class RerankBody(JsonBody):
    """POST /v1/rerank: Jina's and Cohere's form; with ``texts``, that of Hugging Face's text-embeddings-inference."""

    IGNORED: ClassVar[Mapping[str, str]] = {"user": "", "client_name": "", "truncation_direction": ""}
    REFUSED: ClassVar[Mapping[str, Refused]] = {
        "max_tokens_per_doc": Refused("a document is never cut"),
        "max_chunks_per_doc": Refused("a document is never cut"),
        "rank_fields": Refused("send one text for each document", ([], ["text"])),
        "truncate": Refused("a document is never cut", (False,)),
    }

    model: Name
    query: Text
    documents: Several[Text | DocumentBody] | None = None
    texts: Several[Text] | None = Field(None, description="Like documents.")
    top_n: Annotated[Int, Field(ge=1, lt=2**31)] | None = None
    return_documents: bool | None = None
    return_text: bool | None = Field(None, description="Like return_documents.")
    raw_scores: bool | None = Field(None, description="Scores are always cosine similarities.")

    @model_validator(mode="after")
    def _has_documents(self) -> RerankBody:
        if (self.documents is None) == (self.texts is None):
            raise ValueError("either documents or texts is needed")
        return self

    @property
    def passages(self) -> list[str]:
        """The documents' texts."""
        return [each if isinstance(each, str) else each.text for each in self.documents or self.texts or ()]


class TokenizeBody(JsonBody):
    """POST /tokenize: ``content`` as in llama.cpp; ``prompt`` or ``messages`` as in vLLM."""

    IGNORED: ClassVar[Mapping[str, str]] = {"add_generation_prompt": "", "return_token_strs": "use with_pieces"}

    model: Name
    content: str | None = None
    prompt: str | None = None
    messages: Annotated[Messages[Message], Field(min_length=1)] | None = None
    tools: Tools[Tool] | None = None
    add_special: bool | None = Field(None, description="Add the start token; llama.cpp's default is false.")
    add_special_tokens: bool | None = Field(None, description="The same in vLLM; true by default.")
    parse_special: bool | None = Field(None, description="Turn <|im_end|> and the like into control tokens.")
    with_pieces: bool | None = Field(None, description="Each token with its text.")

    @model_validator(mode="after")
    def _has_one_source(self) -> TokenizeBody:
        if sum(source is not None for source in (self.content, self.prompt, self.messages)) != 1:
            raise ValueError("one of content, prompt and messages is needed")
        return self


class DetokenizeBody(JsonBody):
    """POST /detokenize."""

    model: Name
    tokens: list[Annotated[Int, Field(ge=0, lt=2**31)]]
