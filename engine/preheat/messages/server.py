"""Messages of the port: access, listening, and requests that it rejects itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    # Access.
    "api_key_wrong": Template(
        "The API key is missing or wrong",
        "Send a key as 'Authorization: Bearer KEY'; make one with 'preheat keys add NAME'",
    ),
    "host_not_allowed": Template(
        "This host name is not allowed",
        "Use localhost or 127.0.0.1, or add the name to the setting allowed_hosts",
    ),
    "origin_not_allowed": Template(
        "Pages of the origin {origin} are not allowed to use Preheat",
        "If you trust the app, choose it in the setting allowed_apps, or add its origin to allowed_origins",
    ),
    "foreign_page": Template("A web page of another site may not use Preheat", "Open the address itself"),
    "http_malformed": Template("The request is not HTTP/1.1: {reason}", "Send it with an HTTP library"),
    "header_repeated": Template("The request has more than one header {name}", "Send it once"),
    "host_missing": Template("The request has no header Host", "Send one, such as 'Host: localhost'"),
    "target_not_host": Template(
        "The request's target is neither a path nor a URL with the machine of the header Host",
        "Send the path alone as the target",
    ),
    "content_length_malformed": Template(
        "The header Content-Length is not a number", "Send the body's length in bytes, as digits"
    ),
    "other_user": Template(
        "This program belongs to another user of this machine",
        "Send a key, made with 'preheat keys add NAME', or turn on the setting other_users",
    ),
    "admin_not_proven": Template(
        "Only this user's own Preheat may change settings, files and keys",
        "Use the preheat command or its window, or send a key made with 'preheat keys add NAME --scope admin'",
    ),
    "page_not_permitted": Template(
        "Web pages may read and use models, but not manage them",
        "Use the preheat command, or allow it with 'preheat config set web_access manage'",
    ),
    "page_never_admin": Template(
        "Web pages may not change settings, files or keys", "Use the preheat command or its window"
    ),
    "key_scope_too_small": Template(
        "The API key {name} allows only {scope}, and this needs {needed}", "Use a key with that permission"
    ),
    "key_model_not_allowed": Template(
        "The API key {name} may not use the model {model}", "Use one of its models, or another key"
    ),
    "access_key_model": Template(
        "The setting access does not let the API key {name} use the model {model}; it may use {models:names}",
        "Use one of these models, or change the rule in the setting access",
    ),
    "access_program_model": Template(
        "The setting access does not let the program {name} use the model {model}; it may use {models:names}",
        "Use one of these models, or change the rule in the setting access",
    ),
    "headers_too_large": Template(
        "The request has more than {count} headers, or they are larger than {limit:count} bytes",
        "Send fewer and smaller headers",
    ),
    "body_too_large": Template(
        "The request body is larger than {limit:count} bytes", "Send less, or raise the setting max_body"
    ),
    "body_encoded": Template("Compressed request bodies are not supported", "Send the body uncompressed"),
    "server_busy": Template("Other large requests take all memory for requests", "Send the request again later"),
    "upload_too_slow": Template(
        "The request body arrived too slowly, and other requests needed its memory", "Send the request again"
    ),
    "json_too_deep": Template("The JSON is nested deeper than {limit} levels", "Reduce the nesting"),
    "json_too_many_values": Template(
        "The JSON has more than {values} values, or more than {parts} texts, lists and objects", "Send less"
    ),
    "runtime_folder_unsafe": Template(
        "Preheat cannot use its runtime folder {path}: {problem}",
        "Delete it, and Preheat makes it again; or set XDG_RUNTIME_DIR or PREHEAT_HOME to another folder",
    ),
    "is_link": Template("it is a link"),
    "is_no_folder": Template("it is not a folder"),
    "belongs_to_another_user": Template("it belongs to another user"),
    "others_can_write": Template("other users can write to it"),
    "runtime_folder_unusable": Template(
        "Preheat cannot use its runtime folder: {path}: {reason}",
        "{remedy}; or set XDG_RUNTIME_DIR or PREHEAT_HOME to another folder",
    ),
    # Listening.
    "port_has_preheat": Template(
        "Preheat is already running on port {port}",
        "Use it, stop it first, or start another one with 'preheat serve --port {free}'",
    ),
    "port_has_preheat_process": Template(
        "Preheat is already running on port {port} ({process}, pid {pid})",
        "Use it, stop it first, or start another one with 'preheat serve --port {free}'",
    ),
    "port_taken": Template(
        "Port {port} is taken by another process",
        "Stop it, or use another port: 'preheat serve --port {free}' or 'preheat config set port {free}'",
    ),
    "port_taken_by_process": Template(
        "Port {port} is taken by the process {process}, pid {pid}",
        "Stop it, or use another port: 'preheat serve --port {free}' or 'preheat config set port {free}'",
    ),
    "cannot_listen": Template("Cannot listen on {host}:{port}: {reason}", "Check the settings host and port"),
    "server_stopping": Template("Preheat is shutting down", "Start it again with 'preheat serve'"),
    # Requests.
    "endpoint_needs_text": Template(
        "{model} makes embeddings, not text", "Use it with /v1/embeddings, or choose a text model"
    ),
    "endpoint_needs_embeddings": Template(
        "{model} makes text, not embeddings", "Use it with /v1/chat/completions, or choose an embedding model"
    ),
    "too_many_dimensions": Template("dimensions: the model's vectors have only {limit}"),
    "thinking_unsupported": Template("{model} does not support thinking", "Leave out think"),
    "context_foreign": Template("context: it is not from an answer of Preheat", "Leave it out, or send a chat"),
    "model_name_unusable": Template(
        "{name} cannot be the name of a model", "Use letters, digits, and . _ - : / after the first character"
    ),
    "model_name_taken": Template("There is a model with the name {name} already", "Choose another name"),
    "names_unwritable": Template("The names of models cannot be written: {reason}", "{remedy}"),
    "names_too_large": Template(
        "The definitions of named models would take more than {limit:bytes}", "Shorten system prompts"
    ),
    "names_unreadable": Template("The names of models cannot be read: {reason}", "Correct {path}, or move it away"),
    "ollama_unsupported": Template("Preheat does not support Ollama's {path}", "Use create with from, or pull"),
    "dimensions_not_trained": Template(
        "dimensions: {model} was not trained for vectors shorter than {limit}", "Leave dimensions out"
    ),
    "no_endpoint_in_family": Template(
        "There is no such endpoint", "Preheat serves text and embeddings: {endpoints:names}; see /docs"
    ),
    "body_malformed": Template("The request body is not JSON: {reason}"),
    "body_invalid": Template("The request body: {reason}"),
    "field_invalid": Template("{field}: {reason}"),
    "image_malformed": Template("{field}: the image is not base64, nor a data URI"),
    "image_not_inline": Template(
        "{field}: images are not fetched from other places", "Send the image itself, as a data URI or base64"
    ),
    "thread_not_found": Template(
        "No conversation with the answer {id} is stored", "Send all its messages, with a thread of type create"
    ),
    "document_not_text": Template(
        "{field}: documents have to be text in the request", "Send a source of type text, or images of the pages"
    ),
    "response_not_found": Template(
        "No response with the id {id} is stored",
        "Stored are the latest ones since Preheat started, unless store was false; send the conversation as input",
    ),
    "item_not_found": Template(
        "No item with the id {id} is stored",
        "Stored are those of the latest responses since Preheat started, unless store was false; send the item itself",
    ),
    "response_not_in_background": Template(
        "This response does not run in the background, so that it cannot be cancelled",
        "Close the connection to stop a response",
    ),
}
