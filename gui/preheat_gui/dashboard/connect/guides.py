"""Guides for connecting apps: code to copy, and steps for well-known apps. Pure.

Only for apps that speak OpenAI's protocol and have a setting for the address.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from PySide6.QtCore import QCoreApplication

MASK: Final = "••••••••"
"""Shown instead of the key."""

NO_KEY: Final = "unused"
"""For apps that require a key although Preheat does not."""

NO_MODEL: Final = "MODEL"


@dataclass(frozen=True, slots=True)
class Place:
    """How to reach a model.

    Attributes:
        url: Without a slash at the end.
        key: The API key; empty if none is needed.
        embeddings: Whether it is an embedding model.
        windows: Whether to quote commands for Windows.
    """

    url: str
    model_id: str
    key: str = ""
    embeddings: bool = False
    windows: bool = False

    @property
    def base(self) -> str:
        """The base URL of the OpenAI API."""
        return f"{self.url}/v1"

    @property
    def any_key(self) -> str:
        """The key, or a placeholder."""
        return self.key or NO_KEY

    def masked(self) -> Place:
        """Return the same place with the key hidden."""
        return replace(self, key=MASK) if self.key else self


@dataclass(frozen=True, slots=True)
class Field:
    """A value to enter, under the app's own name for it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Guide:
    """How to connect one app.

    Attributes:
        title: The app's name.
        steps: What to do before the code or the fields.
    """

    key: str
    title: str
    steps: tuple[str, ...] = ()
    code: str = ""
    fields: tuple[Field, ...] = ()


def make_guides(place: Place) -> list[Guide]:
    """Return all guides, those for programmers first."""
    return [make(place) for make in _MAKERS]


def _curl(place: Place) -> Guide:
    parts = [f"{'curl.exe' if place.windows else 'curl'} {place.base}/{_path(place)}"]
    if place.key:
        parts.append(f"-H {_quoted(place, f'Authorization: Bearer {place.key}')}")
    parts.append(f"-H {_quoted(place, 'Content-Type: application/json')}")
    parts.append(f"-d {_quoted(place, _json(_body(place)))}")
    return Guide("curl", "curl", code=_command(place, parts))


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
    bearer = _json(f"Bearer {place.key}")
    key_line = f"\n    Authorization: {bearer}," if place.key else ""
    body = json.dumps(_body(place), indent=2, ensure_ascii=False).replace("\n", "\n  ")
    result = "answer.data[0].embedding.length" if place.embeddings else "answer.choices[0].message.content"
    code = f"""\
const response = await fetch({_json(f"{place.base}/{_path(place)}")}, {{
  method: "POST",
  headers: {{
    "Content-Type": "application/json",{key_line}
  }},
  body: JSON.stringify({body}),
}});
const answer = await response.json();
console.log({result});"""
    return Guide("fetch", "JavaScript (fetch)", code=code)


def _any_app(place: Place) -> Guide:
    steps = (_tr("Choose “OpenAI-compatible” or “custom OpenAI” as the provider, and enter:"),)
    return Guide("any", _tr("Any other app"), steps, fields=_fields(place, "Base URL", "API key", "Model"))


def _open_webui(place: Place) -> Guide:
    steps = (
        _tr("Open Admin Panel → Settings → Connections, and add a connection under OpenAI API."),
        _tr("Enter these values; Open WebUI finds the models."),
        _tr("In a container, start it with --network=host; otherwise this address is the container's own."),
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
        _tr("Add this to librechat.yaml, and restart LibreChat."),
        _tr("In a container, use the host's network; otherwise this address is the container's own."),
    )
    return Guide("librechat", "LibreChat", steps, code)


def _n8n(place: Place) -> Guide:
    steps = (
        _tr("Add a credential of type OpenAI, and enter these values."),
        _tr("In the node “OpenAI Chat Model”, choose the credential and the model, and turn “Use Responses API” off."),
    )
    return Guide("n8n", "n8n", steps, fields=_fields(place, "Base URL", "API Key", "Model"))


def _aider(place: Place) -> Guide:
    parts = [
        f"aider --openai-api-base {place.base}",
        f"--openai-api-key {_quoted(place, place.any_key)}",
        f"--model {_quoted(place, f'openai/{place.model_id}')}",
    ]
    return Guide("aider", "aider", code=_command(place, parts))


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
    _any_app,
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


def _path(place: Place) -> str:
    return "embeddings" if place.embeddings else "chat/completions"


def _command(place: Place, parts: list[str]) -> str:
    # On one line for Windows: its two shells continue lines differently.
    return " ".join(parts) if place.windows else " \\\n  ".join(parts)


def _quoted(place: Place, text: str) -> str:
    # On Windows as the C runtime parses command lines.
    return '"' + text.replace('"', '\\"') + '"' if place.windows else shlex.quote(text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Connect", text)
