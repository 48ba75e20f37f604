"""Guides for connecting apps: code to copy, and steps for well-known apps. Pure.

Only for apps that have a setting for the address.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from string import Template
from typing import Any, Final

from PySide6.QtCore import QCoreApplication

MASK: Final = "••••••••"  # Shown instead of the key
NO_KEY: Final = "unused"  # For apps that require a key although Preheat does not
NO_MODEL: Final = "MODEL"


@dataclass(frozen=True, slots=True)
class Place:
    """Address and name of a model."""

    url: str  # Without a slash at the end
    model_id: str
    key: str = ""  # The API key; empty if none is needed
    embeddings: bool = False  # Whether it is an embedding model
    windows: bool = False  # Whether to quote commands for Windows

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
    """Steps to connect one app."""

    key: str
    title: str  # The app's name
    steps: tuple[str, ...] = ()  # What to do before the code or the fields
    code: str = ""
    fields: tuple[Field, ...] = ()


_PYTHON: Final = """\
from openai import OpenAI

client = OpenAI(base_url=$base, api_key=$key)
"""
_PYTHON_CHAT: Final = """\
stream = client.chat.completions.create(
    model=$model,
    messages=[{"role": "user", "content": "Hello"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)"""
_PYTHON_EMBED: Final = """\
answer = client.embeddings.create(model=$model, input=["tea", "coffee"])
print([len(item.embedding) for item in answer.data])"""

_JAVASCRIPT: Final = """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: $base, apiKey: $key });
"""
_JAVASCRIPT_CHAT: Final = """\
const stream = await client.chat.completions.create({
  model: $model,
  messages: [{ role: "user", content: "Hello" }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}"""
_JAVASCRIPT_EMBED: Final = """\
const answer = await client.embeddings.create({ model: $model, input: ["tea", "coffee"] });
console.log(answer.data.map((item) => item.embedding.length));"""

_FETCH: Final = """\
const response = await fetch($url, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",$authorization
  },
  body: JSON.stringify($body),
});
const answer = await response.json();
console.log($result);"""

_CONTINUE: Final = """\
models:
  - name: Preheat
    provider: openai
    model: $model
    apiBase: $base
    apiKey: $key
    roles:
      - $role"""

_ZED: Final = """\
"language_models": {
  "openai_compatible": {
    "Preheat": {
      "api_url": $base,
      "available_models": [
        { "name": $model, "display_name": $model, "max_tokens": 8192 }
      ]
    }
  }
}"""

_CODEX: Final = """\
model = $model
model_provider = "preheat"

[model_providers.preheat]
name = "Preheat"
base_url = $base
wire_api = "responses"$authorization"""

_LIBRECHAT: Final = """\
endpoints:
  custom:
    - name: "Preheat"
      baseURL: $base
      apiKey: $key
      models:
        default: [$model]
        fetch: true
      titleConvo: true
      titleModel: "current_model\""""


def make_guides(place: Place) -> list[Guide]:
    """Return all guides, those for programmers first."""
    return [*_code_guides(place), *_app_guides(place)]


def _code_guides(place: Place) -> list[Guide]:
    fetch = {
        "url": _json(f"{place.base}/{_path(place)}"),
        "authorization": f"\n    Authorization: {_json(f'Bearer {place.key}')}," if place.key else "",
        "body": json.dumps(_body(place), indent=2, ensure_ascii=False).replace("\n", "\n  "),
        "result": "answer.data[0].embedding.length" if place.embeddings else "answer.choices[0].message.content",
    }
    python = _PYTHON + (_PYTHON_EMBED if place.embeddings else _PYTHON_CHAT)
    javascript = _JAVASCRIPT + (_JAVASCRIPT_EMBED if place.embeddings else _JAVASCRIPT_CHAT)
    return [
        Guide("curl", "curl", code=_curl(place)),
        Guide("python", "Python", (_tr("The package: pip install openai"),), _filled(python, place)),
        Guide("javascript", "JavaScript", (_tr("The package: npm install openai"),), _filled(javascript, place)),
        Guide("fetch", "JavaScript (fetch)", code=_filled(_FETCH, place, **fetch)),
    ]


def _app_guides(place: Place) -> list[Guide]:
    webui = (
        _tr("Open Admin Panel → Settings → Connections, and add a connection under OpenAI API."),
        _tr("Enter these values; Open WebUI finds the models."),
        _tr("In a container, start it with --network=host; otherwise this address is the container's own."),
    )
    zed = (
        _tr("Add this to settings.json (command “zed: open settings”)."),
        _tr("Enter the API key in the agent's settings, under Preheat:"),
    )
    librechat = (
        _tr("Add this to librechat.yaml, and restart LibreChat."),
        _tr("In a container, use the host's network; otherwise this address is the container's own."),
    )
    n8n = (
        _tr("Add a credential of type OpenAI, and enter these values."),
        _tr("In the node “OpenAI Chat Model”, choose the credential and the model."),
    )
    continue_ = (_tr("Open Continue's config.yaml, and add this under models:"),)
    cline = (_tr("In Cline's settings, choose “OpenAI Compatible” as the API provider, and enter:"),)
    obsidian = (
        _tr("In Preheat's settings, under Access, allow the app “Obsidian”."),
        _tr("In the plugin's settings, for example Copilot's, add a model of the provider “OpenAI format”, and enter:"),
    )
    codex = (_tr("Put this into ~/.codex/config.toml."),)
    ollama = (_tr("Choose Ollama as the provider, and enter:"),)
    other = (_tr("Choose “OpenAI-compatible” or “custom OpenAI” as the provider, and enter:"),)
    role = "embed" if place.embeddings else "chat"
    return [
        Guide("open-webui", "Open WebUI", webui, fields=_fields(place, "URL", "API Key")),
        Guide("continue", "Continue", continue_, _filled(_CONTINUE, place, role=role)),
        Guide("cline", "Cline", cline, fields=_fields(place, "Base URL", "API Key", "Model ID")),
        Guide("zed", "Zed", zed, _filled(_ZED, place), (Field("API key", place.any_key),)),
        Guide("claude-code", "Claude Code", code=_claude_code(place)),
        Guide("codex", "Codex", codex, _filled(_CODEX, place, authorization=_codex_key(place))),
        Guide("obsidian", "Obsidian", obsidian, fields=_fields(place, "Base URL", "API Key", "Model Name")),
        Guide("aider", "aider", code=_aider(place)),
        Guide("librechat", "LibreChat", librechat, _filled(_LIBRECHAT, place)),
        Guide("n8n", "n8n", n8n, fields=_fields(place, "Base URL", "API Key", "Model")),
        Guide("ollama", _tr("Any app for Ollama"), ollama, fields=_ollama(place)),
        Guide("any", _tr("Any other app"), other, fields=_fields(place, "Base URL", "API key", "Model")),
    ]


def _curl(place: Place) -> str:
    parts = [f"{'curl.exe' if place.windows else 'curl'} {place.base}/{_path(place)}"]
    if place.key:
        parts.append(f"-H {_quoted(place, f'Authorization: Bearer {place.key}')}")
    parts.append(f"-H {_quoted(place, 'Content-Type: application/json')}")
    parts.append(f"-d {_quoted(place, _json(_body(place)))}")
    return _command(place, parts)


def _aider(place: Place) -> str:
    return _command(
        place,
        [
            f"aider --openai-api-base {place.base}",
            f"--openai-api-key {_quoted(place, place.any_key)}",
            f"--model {_quoted(place, f'openai/{place.model_id}')}",
        ],
    )


def _claude_code(place: Place) -> str:
    variables = {
        "ANTHROPIC_BASE_URL": place.url,
        "ANTHROPIC_AUTH_TOKEN": place.any_key,
        "ANTHROPIC_MODEL": place.model_id,
        "ANTHROPIC_SMALL_FAST_MODEL": place.model_id,
    }
    if place.windows:
        return "\n".join([*(f"$env:{name} = {_json(value)}" for name, value in variables.items()), "claude"])
    return _command(place, [*(f"{name}={shlex.quote(value)}" for name, value in variables.items()), "claude"])


def _codex_key(place: Place) -> str:
    return f"\nexperimental_bearer_token = {_json(place.key)}" if place.key else ""


def _ollama(place: Place) -> tuple[Field, ...]:
    fields = (Field("URL", place.url), Field("Model", place.model_id))
    return (*fields, Field("API key", place.key)) if place.key else fields


def _filled(template: str, place: Place, **more: str) -> str:
    values = {"base": place.base, "key": place.any_key, "model": place.model_id}
    return Template(template).substitute({name: _json(value) for name, value in values.items()}, **more)


def _fields(place: Place, base: str, key: str, model: str = "") -> tuple[Field, ...]:
    fields = (Field(base, place.base), Field(key, place.any_key))
    return (*fields, Field(model, place.model_id)) if model else fields


def _body(place: Place) -> dict[str, Any]:
    if place.embeddings:
        return {"model": place.model_id, "input": "Hello"}
    # Unlimited, a small model sometimes writes for minutes before anything is printed.
    return {"model": place.model_id, "max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}


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
