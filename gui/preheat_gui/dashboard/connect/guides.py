"""How programs are told to use Preheat: code to copy, and steps for well-known applications. Pure.

Only what Preheat serves, OpenAI's protocol, and only applications that can be given an address by their own settings.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from PySide6.QtCore import QCoreApplication

MASK: Final = "••••••••"
"""Stands for the key on the screen."""

NO_KEY: Final = "unused"
"""For programs that insist on a key where none is asked for."""

NO_MODEL: Final = "MODEL"

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Place:
    """Where Preheat is, as a program must be told.

    Attributes:
        url: Of the port, without a slash at the end.
        key: The API key; empty if none is needed.
        embeddings: Whether the model makes embeddings.
        windows: Whether a command must be quoted as on Windows.
    """

    url: str
    model_id: str
    key: str = ""
    embeddings: bool = False
    windows: bool = False

    @property
    def base(self) -> str:
        """What programs call the base URL."""
        return f"{self.url}/v1"

    @property
    def any_key(self) -> str:
        """A key, also where none is asked for."""
        return self.key or NO_KEY

    def masked(self) -> Place:
        """Return the same without the key."""
        return replace(self, key=MASK) if self.key else self


@dataclass(frozen=True, slots=True)
class Field:
    """A value that an application's settings ask for, under the application's own name for it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Guide:
    """One program's way.

    Attributes:
        title: The program's name.
        steps: What to do, in order; the code or the fields come after them.
        code: To be copied whole; may be empty.
    """

    key: str
    title: str
    steps: tuple[str, ...] = ()
    code: str = ""
    fields: tuple[Field, ...] = ()


def make_guides(place: Place) -> list[Guide]:
    """Return all guides, code first."""
    return [make(place) for make in _MAKERS]


def _curl(place: Place) -> Guide:
    path = "embeddings" if place.embeddings else "chat/completions"
    quote = _windows_quoted if place.windows else shlex.quote
    lines = [f"{'curl.exe' if place.windows else 'curl'} {place.base}/{path}"]
    if place.key:
        lines.append(f"-H {quote(f'Authorization: Bearer {place.key}')}")
    lines.append(f"-H {quote('Content-Type: application/json')}")
    lines.append(f"-d {quote(_json(_body(place)))}")
    # Each shell goes on in the next line in a way of its own; Windows has two shells.
    return Guide("curl", "curl", code=" ".join(lines) if place.windows else " \\\n  ".join(lines))


def _python(place: Place) -> Guide:
    begin = f"""\
from openai import OpenAI

client = OpenAI(base_url={_json(place.base)}, api_key={_json(place.any_key)})
"""
    if place.embeddings:
        use = f"""\
answer = client.embeddings.create(model={_json(place.model_id)}, input=["tea", "coffee"])
print([len(item.embedding) for item in answer.data])
"""
    else:
        use = f"""\
stream = client.chat.completions.create(
    model={_json(place.model_id)},
    messages=[{{"role": "user", "content": "Hello"}}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
"""
    steps = (_tr("The package: pip install openai"),)
    return Guide("python", "Python", steps, begin + use.rstrip("\n"))


def _javascript(place: Place) -> Guide:
    begin = f"""\
import OpenAI from "openai";

const client = new OpenAI({{ baseURL: {_json(place.base)}, apiKey: {_json(place.any_key)} }});
"""
    if place.embeddings:
        use = f"""\
const answer = await client.embeddings.create({{ model: {_json(place.model_id)}, input: ["tea", "coffee"] }});
console.log(answer.data.map((item) => item.embedding.length));
"""
    else:
        use = f"""\
const stream = await client.chat.completions.create({{
  model: {_json(place.model_id)},
  messages: [{{ role: "user", content: "Hello" }}],
  stream: true,
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}
"""
    steps = (_tr("The package: npm install openai"),)
    return Guide("javascript", "JavaScript", steps, begin + use.rstrip("\n"))


def _fetch(place: Place) -> Guide:
    path = "embeddings" if place.embeddings else "chat/completions"
    bearer = _json(f"Bearer {place.key}")
    key_line = f"\n    Authorization: {bearer}," if place.key else ""
    body = json.dumps(_body(place), indent=2, ensure_ascii=False).replace("\n", "\n  ")
    result = "answer.data[0].embedding.length" if place.embeddings else "answer.choices[0].message.content"
    code = f"""\
const response = await fetch({_json(f"{place.base}/{path}")}, {{
  method: "POST",
  headers: {{
    "Content-Type": "application/json",{key_line}
  }},
  body: JSON.stringify({body}),
}});
const answer = await response.json();
console.log({result});"""
    return Guide("fetch", "JavaScript (fetch)", code=code)


def _any_program(place: Place) -> Guide:
    steps = (_tr("Choose “OpenAI-compatible” or “custom OpenAI” as the provider, and enter:"),)
    return Guide("any", _tr("Any other program"), steps, fields=_fields(place, "Base URL", "API key", "Model"))


def _open_webui(place: Place) -> Guide:
    steps = (
        _tr("Open Admin Panel → Settings → Connections, and add a connection under OpenAI API."),
        _tr("Enter these; the models are found by themselves."),
        _tr("In a container, start it with --network=host, or this machine's address means the container."),
    )
    return Guide("open-webui", "Open WebUI", steps, fields=_fields(place, "URL", "API Key")[:2])


def _continue(place: Place) -> Guide:
    role = "embed" if place.embeddings else "chat"
    code = f"""\
models:
  - name: Preheat
    provider: openai
    model: {_json(place.model_id)}
    apiBase: {_json(place.base)}
    apiKey: {_json(place.any_key)}
    roles:
      - {role}"""
    steps = (_tr("Open Continue's config.yaml, and add this under models:"),)
    return Guide("continue", "Continue", steps, code)


def _cline(place: Place) -> Guide:
    steps = (_tr("In Cline's settings, choose “OpenAI Compatible” as the API provider, and enter:"),)
    return Guide("cline", "Cline", steps, fields=_fields(place, "Base URL", "API Key", "Model ID"))


def _zed(place: Place) -> Guide:
    code = f"""\
"language_models": {{
  "openai_compatible": {{
    "Preheat": {{
      "api_url": {_json(place.base)},
      "available_models": [
        {{ "name": {_json(place.model_id)}, "display_name": {_json(place.model_id)}, "max_tokens": 8192 }}
      ]
    }}
  }}
}}"""
    steps = (
        _tr("Add this to settings.json (command “zed: open settings”)."),
        _tr("Enter the API key in the agent's settings, under Preheat:"),
    )
    return Guide("zed", "Zed", steps, code, (Field("API key", place.any_key),))


def _librechat(place: Place) -> Guide:
    code = f"""\
endpoints:
  custom:
    - name: "Preheat"
      baseURL: {_json(place.base)}
      apiKey: {_json(place.any_key)}
      models:
        default: [{_json(place.model_id)}]
        fetch: true
      titleConvo: true
      titleModel: "current_model\""""
    steps = (
        _tr("Add this to librechat.yaml, and start LibreChat again."),
        _tr("In a container, this machine's address means the container: use the host's network."),
    )
    return Guide("librechat", "LibreChat", steps, code)


def _n8n(place: Place) -> Guide:
    steps = (
        _tr("Add a credential of the type OpenAI, and enter these."),
        _tr("In the node “OpenAI Chat Model”, choose it and the model, and switch “Use Responses API” off."),
    )
    return Guide("n8n", "n8n", steps, fields=_fields(place, "Base URL", "API Key", "Model"))


def _aider(place: Place) -> Guide:
    quote = _windows_quoted if place.windows else shlex.quote
    parts = (
        f"aider --openai-api-base {place.base}",
        f"--openai-api-key {quote(place.any_key)}",
        f"--model {quote(f'openai/{place.model_id}')}",
    )
    return Guide("aider", "aider", code=" ".join(parts) if place.windows else " \\\n  ".join(parts))


_MAKERS: Final[tuple[Callable[[Place], Guide], ...]] = (
    _curl,
    _python,
    _javascript,
    _fetch,
    _open_webui,
    _continue,
    _cline,
    _zed,
    _aider,
    _librechat,
    _n8n,
    _any_program,
)


def _fields(place: Place, base: str, key: str, model: str = "") -> tuple[Field, ...]:
    fields = (Field(base, place.base), Field(key, place.any_key))
    return (*fields, Field(model, place.model_id)) if model else fields


def _body(place: Place) -> dict[str, Any]:
    if place.embeddings:
        return {"model": place.model_id, "input": "Hello"}
    return {"model": place.model_id, "messages": [{"role": "user", "content": "Hello"}]}


def _json(value: object) -> str:
    """Return a value as JSON, which is also Python, JavaScript and YAML."""
    return json.dumps(value, ensure_ascii=False)


def _windows_quoted(text: str) -> str:
    """Return an argument as the C runtime reads it from a command line."""
    return '"' + text.replace('"', '\\"') + '"'


def _tr(text: str) -> str:
    return translate("Connect", text)
