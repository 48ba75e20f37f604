"""Messages about the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_INVALID: Final = "{subject} cannot be {value}; allowed: {allowed}"
_INVALID_BECAUSE: Final = "{subject} cannot be {value} ({reason}); allowed: {allowed}"

TABLE: Final[Mapping[str, Template]] = {
    # Where a value was found.
    "settings_line": Template("{file} line {line}"),
    "settings_option": Template("--set {name}"),
    "settings_named": Template("{place}: {name}"),
    # What decides a value instead of the settings file.
    "set_by_option": Template("Set by the option {source}"),
    "set_by_variable": Template("Set by the environment variable {source}"),
    "setting_overridden": Template(
        "{setting} is set by {source} and was not changed", "Start Preheat without it to change it here"
    ),
    # What a setting may be.
    "allowed_choice": Template("one of {choices:names}"),
    "allowed_boolean": Template("true or false"),
    "allowed_integer": Template("a whole number from {low} to {high}"),
    "allowed_integer_or_auto": Template("a whole number from {low} to {high}, or auto"),
    "allowed_number": Template("a number from {low} to {high}"),
    "allowed_number_or_auto": Template("a number from {low} to {high}, or auto"),
    "allowed_number_above": Template("a number above {low} and at most {high}"),
    "allowed_memory_limit": Template("a size such as 8GiB or 900MB, at least 1MB, or a share of memory such as 50%"),
    "allowed_device_memory_limit": Template("a size such as 6GiB, or a share of the card's memory such as 80%"),
    "allowed_keep_free": Template("a size such as 2GiB or 900MB, 0, or a share of memory below 100%"),
    "allowed_size": Template("a size such as 32MiB"),
    "allowed_disk_space": Template("a size such as 20GB, 0, or a share of the free disk space such as 5%"),
    "allowed_memory_share": Template("a size such as 4GB, 0, or a share of memory such as 25%"),
    "allowed_amount": Template("a size such as 40GB, or 0"),
    "allowed_models": Template("a list of model names, or auto"),
    "allowed_devices": Template("a list of names of devices, cpu, or auto"),
    "allowed_folder": Template("a folder, or auto"),
    "allowed_folders": Template("a list of folders"),
    "allowed_sources": Template("a list of huggingface, lmstudio, ollama, llamacpp, jan"),
    "allowed_host": Template("a host name or address, without a port"),
    "allowed_hosts": Template("a list of host names or addresses, without ports"),
    "allowed_open_host": Template("127.0.0.1, localhost, or any address together with an API key"),
    "allowed_keys": Template("a list of keys of visible ASCII characters without spaces"),
    "allowed_access": Template("a list of rules such as 'program VS Code*; smollm2* minilm*; low' or 'key notes; *'"),
    "allowed_apps": Template("a list of obsidian, vscode, tauri, chrome-extensions, firefox-extensions, capacitor"),
    "key_name_invalid": Template("A key's name has 1 to {limit} visible characters", "Choose another name"),
    "key_name_taken": Template("There is already a key called {name}", "Choose another name, or revoke that key"),
    "too_many_keys": Template("There are already {limit} keys", "Revoke keys that are not used any more"),
    "key_not_found": Template("There is no key called {name}", "List the keys with 'preheat keys'"),
    "last_key_of_open_port": Template(
        "Other machines can reach the port, so it needs at least one key",
        "Make another key first, or set host to 127.0.0.1",
    ),
    "keys_unreadable": Template(
        "The file of API keys is damaged: {path}", "Delete it, and make the keys again; until then every key is refused"
    ),
    "hub_token_malformed": Template(
        "This is not a token of Hugging Face", "Copy it from huggingface.co/settings/tokens; it begins with hf_"
    ),
    "hub_token_unwritable": Template("{path} cannot be written: {reason}", "{remedy}"),
    "keyring_not_installed": Template(
        "This installation has no access to the system's keyring", "Set HF_TOKEN, or install the package keyring"
    ),
    "keyring_none": Template("This system has no keyring that protects passwords", "Set HF_TOKEN instead"),
    "keyring_failed": Template("The system's keyring does not answer ({reason})", "Unlock it, or set HF_TOKEN"),
    "keyring_locked": Template("The system's keyring is locked", "Unlock it to use the token for Hugging Face"),
    "keyring_lost": Template("The system's keyring no longer has the token for Hugging Face", "Sign in again"),
    "allowed_origins": Template(
        "a list of origins such as https://example.org, app://obsidian.md or vscode-webview://*"
    ),
    "allowed_model_tables": Template('tables such as [models."qwen2.5-7b"]'),
    # Why a value is wrong.
    "value_is_boolean": Template("true and false make no sense here"),
    "value_item_empty": Template("an item is empty"),
    "value_too_many_items": Template("more than {limit} items"),
    "value_too_long": Template("more than {limit} characters"),
    "value_has_nul": Template("it contains a null character"),
    "value_item_wrong": Template("item {number} is wrong"),
    "value_empty": Template("it is empty"),
    "value_is_share": Template("a share makes no sense here"),
    "value_is_zero": Template("zero"),
    "value_leaves_nothing": Template("nothing would be left for models"),
    "value_locks_out": Template("requests that change it back would be larger"),
    "value_too_small": Template("no model is so small; a unit may be missing"),
    "value_not_a_host": Template("{value} is not a host name or address"),
    "value_not_a_rule": Template("{value} is not a rule"),
    "value_not_a_priority": Template("{value} is not high, normal or low"),
    "value_not_an_origin": Template("{value} is not an origin"),
    "path_control_character": Template("it contains a control character"),
    "path_not_text": Template("it is not valid Unicode"),
    "path_too_long": Template("it is longer than a path can be"),
    "path_other_home": Template("of home folders, only ~/ is supported"),
    "path_other_form": Template("it is not a path of this system"),
    "path_no_home": Template("there is no home folder"),
    "path_relative": Template("it is not an absolute path"),
    "path_system_folder": Template("it belongs to the system"),
    "size_invalid": Template("not a size"),
    "size_negative": Template("negative"),
    "size_above_100_percent": Template("more than 100%"),
    "size_too_large": Template("too large"),
    "size_not_whole_bytes": Template("not a whole number of bytes; a unit may be missing"),
    "size_unknown_unit": Template("the unit {unit} is unknown"),
    "host_needs_key": Template(
        "other machines can reach it, and there is no API key: anyone on the network could use every model"
    ),
    # A model's own settings.
    "context_beyond_training": Template(
        "{model} cannot have a context length of {value} tokens: it was trained for {trained:,}",
        "Choose at most {trained:,}",
    ),
    "context_trained": Template("the model was trained for {trained:,} tokens; more is not possible"),
    # Wrong settings.
    "setting_invalid": Template(_INVALID, "{remedy}"),
    "setting_invalid_because": Template(_INVALID_BECAUSE, "{remedy}"),
    "setting_reason": Template("allowed: {allowed}"),
    "setting_reason_because": Template("{reason}; allowed: {allowed}"),
    "setting_unknown": Template("there is no setting {name}", "This lists all settings: preheat config get"),
    "setting_unknown_near": Template(
        "there is no setting {name}; similar: {similar:names}", "This lists all settings: preheat config get"
    ),
    "setting_unknown_at": Template("{place}: there is no setting {name}", "{remedy}"),
    "setting_unknown_at_near": Template("{place}: there is no setting {name}; similar: {similar:names}", "{remedy}"),
    "setting_needs_section": Template("{subject} cannot be {value}; allowed: a section of {names:names}", "{remedy}"),
    "setting_needs_quotes": Template("{place}: a model name with a dot needs quotes: [{name}]", "{remedy}"),
    "setting_is_section": Template(
        "{place}: there are no sections such as [{name}]; put all names at the top of the file", "{remedy}"
    ),
    "settings_problems": Template("{first} (and {others} more)", "This lists all problems: preheat config check"),
    "settings_mostly_wrong": Template(
        "{place} and {others} other settings are unknown or wrong: this may be another program's file", "{remedy}"
    ),
    "setting_not_changed": Template("{names:names} not changed: {problem}", "{remedy}"),
    "setting_without_value": Template("--set {option} has no value", "Write it as --set name=value"),
    # What to do about it.
    "correct_file": Template("Correct {path}, or remove the line: preheat config unset {name}"),
    "correct_variable": Template("Correct the environment variable {variable}, or unset it"),
    "correct_option": Template("Correct the option; this lists all settings: preheat config get"),
    "choose_key_first": Template("Make a key first: preheat keys add NAME"),
    "nothing_changed": Template("Nothing was changed"),
    # The settings file.
    "settings_unreadable": Template("{file} cannot be read: {reason}", "Check the file's type and permissions: {path}"),
    "settings_not_utf8": Template("{file} line {line} is not UTF-8 text", "Save it as UTF-8: {path}"),
    "settings_not_toml": Template(
        "{file} line {line} is not valid TOML: {reason}",
        "Correct {path}; in TOML a setting is one line: name = value, with text in quotes",
    ),
    "setting_twice": Template(
        "{file} line {line}: {name} is set a second time, after line {first_line}",
        "Keep one of the two lines in {path}",
    ),
    "settings_unwritable": Template("{file} cannot be written: {reason}", "{remedy}"),
    "settings_too_large": Template("{file} would become too large", "Remove settings of models that are gone: {path}"),
    "too_many_settings": Template("More than {limit} settings cannot be changed at once", "Send them in parts"),
    "setting_too_long": Template("{param} is longer than {limit} characters", "Shorten it"),
    "setting_not_text": Template("{names:names} not changed: a character cannot be written as UTF-8", "Remove it"),
    "keys_unwritable": Template("The API keys cannot be written: {reason}", "{remedy}"),
}
