"""Messages about model files, the hub, the catalogue and downloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_AGAIN: Final = "Download it again ({path})"
_NETWORK: Final = "Check the network, and HF_ENDPOINT and HTTPS_PROXY if they are set"
_RESUME: Final = "Check the network, then resume the download"
_LATER: Final = "Try again later"
_REINSTALL: Final = "Install Preheat again"

_FILES: Final = {
    "gguf_unreadable": Template(
        "{file} cannot be read: {reason}", "Check that it exists and that you may read it ({path})"
    ),
    "gguf_not_regular": Template("{file} is not a regular file", "Choose a GGUF file ({path})"),
    "gguf_empty": Template("{file} is empty", _AGAIN),
    "gguf_wrong_format": Template("{file} is not a GGUF file", "Download the model in GGUF format ({path})"),
    "gguf_lfs_pointer": Template(
        "{file} is a Git LFS pointer, not the model", "Fetch the model with git lfs pull ({path})"
    ),
    "gguf_version_1": Template(
        "{file} is in version 1 of GGUF, which llama.cpp no longer reads", "Download a newer conversion ({path})"
    ),
    "gguf_version_unknown": Template(
        "{file} is in version {version} of GGUF; Preheat knows 2 and 3", "Update Preheat, or download it again ({path})"
    ),
    "gguf_header_cut": Template(
        "{file} ends early: its header runs past the end of the file at {size:,} bytes", _AGAIN
    ),
    "gguf_cut": Template("{file} ends early: {size:,} of {expected:,} bytes are there", _AGAIN),
    "gguf_shrank": Template("{file} ends early: it became shorter while it was read", _AGAIN),
    "gguf_tensor_type_unknown": Template(
        "{file} has the tensor {tensor} in the unknown type {type}",
        "Update Preheat, or download the model in another quantization ({path})",
    ),
    "gguf_damaged": Template("{file} is damaged: {detail}", _AGAIN),
    "gguf_header_too_long": Template("its header is longer than {most:,} bytes"),
    "gguf_too_many_keys": Template("its header claims {count:,} keys"),
    "gguf_too_many_tensors": Template("its header claims {count:,} tensors"),
    "gguf_key_length": Template("a key in its header is {length:,} bytes long"),
    "gguf_key_twice": Template("its header has the key {key} twice"),
    "gguf_value_type": Template("the key {key} has the unknown type {type}"),
    "gguf_nested_array": Template("the key {key} holds an array of arrays"),
    "gguf_array_type": Template("the key {key} holds an array of the unknown type {type}"),
    "gguf_too_many_strings": Template("the key {key} claims {count:,} strings"),
    "gguf_alignment": Template("its alignment is {alignment}, which is not a power of two"),
    "gguf_tensor_name_length": Template("a tensor's name is {length:,} bytes long"),
    "gguf_tensor_twice": Template("it has the tensor {tensor} twice"),
    "gguf_dimensions": Template("the tensor {tensor} has {count:,} dimensions"),
    "gguf_elements": Template("the tensor {tensor} claims {count:.3g} elements"),
    "gguf_partial_block": Template("the rows of the tensor {tensor} are not whole {type} blocks"),
    "gguf_tensor_offset": Template("the tensor {tensor} is at {offset:,} instead of {expected:,}"),
    "skipped_reranker": Template("it is a reranker, which Preheat cannot serve yet"),
    "skipped_projector": Template("it is the image encoder of another model"),
    "skipped_adapter": Template("it is an adapter, which changes another model"),
    "skipped_control_vector": Template("it is a control vector, which steers another model"),
    "skipped_imatrix": Template("it is an importance matrix, a tool for making quantizations"),
    "skipped_vocabulary": Template("it is a vocabulary without a model"),
    "skipped_draft": Template("it drafts for another model"),
    "skipped_not_text": Template("it is not a language model"),
    "skipped_other_type": Template("its type is {type}"),
    "skipped_byte_order": Template("its byte order is not that of this machine"),
    "skipped_ollama_form": Template("it is in a form that only Ollama loads"),
    "skipped_built_in_encoder": Template("its image encoder is in the same file, a form that only Ollama loads"),
    "skipped_adapted": Template("it is a model with an adapter, which Preheat cannot serve"),
    "path_unreadable": Template("{path} cannot be read: {reason}", "Check the rights of the file and its folder"),
    "broken_link": Template("{path} is a broken link", "Remove it, or put the file back"),
    "link_leaves_folder": Template("{path} is a link that leaves the folder of {program}"),
    "split_set_incomplete": Template("{path} is one of {count} parts, and some are missing", "Download it again"),
    "split_set_mismatch": Template(
        "{path} belongs to a set of {by_header} by its header, of {by_name} by its name",
        "Give the parts their original names",
    ),
    "folder_unresponsive": Template("{path} does not respond"),
    "model_not_found": Template('There is no model named "{name}"', "{advice}"),
    "model_not_named": Template("No model was named", "{advice}"),
    "model_ambiguous": Template('"{name}" matches {count} models', "{advice}"),
    "no_models": Template(
        "There are no models yet: put GGUF files into the models folder, or add folders to models_dirs"
    ),
    "did_you_mean": Template("Did you mean {names:names}?"),
    "available": Template("Available: {names:names}"),
    "available_more": Template("Available: {names:names} and {more} more"),
    "import_wrong_ending": Template("{file} does not end in .gguf", "Preheat runs models in the GGUF format"),
    "import_unusable": Template(
        "{file} cannot be imported", "It must be a GGUF file that exists and that you may read"
    ),
    "import_unusable_move": Template(
        "{file} cannot be moved",
        "It must be a regular GGUF file of your own, not a link, and outside the system's folders",
    ),
    "import_changed": Template(
        "{file} was changed while it was imported", "Nothing was removed. Import it again when no program writes to it"
    ),
    "import_parts_missing": Template(
        "{file} is one of {count} parts, and {missing} are missing", "Put them next to it: {names:names}"
    ),
    "import_name_taken": Template(
        "There is another {file} in {folder} already",
        "Rename the file, or remove the other first: preheat rm MODEL",
    ),
    "move_same_folder": Template("The models are in {folder} already", "Choose another folder"),
    "move_nested_folders": Template("One of {new} and {old} contains the other", "Choose a folder next to it"),
    "move_target_unusable": Template(
        "The models cannot be moved to {folder}",
        "Choose a new or empty folder of your own that is writable and not a link, or one that Preheat made",
    ),
    "models_folder_of_system": Template(
        "{folder} belongs to the system", "Choose another models folder: preheat config set models_dir DIR"
    ),
    "move_failed": Template(
        "The models cannot be moved: {path}: {reason}",
        "Nothing is lost: they are where they were. {remedy}",
    ),
    "move_name_taken": Template(
        "There is another {file} in {folder} already",
        "Nothing was moved. Choose an empty folder, or rename one of the two",
    ),
    "move_variable_set": Template("{variable} sets the models folder", "Unset {variable}, then move it"),
    "not_own_file": Template(
        "{model} cannot be deleted by Preheat: it is {path}",
        "Delete it with the program that it belongs to, or by hand",
    ),
    "included_model": Template(
        "{model} is part of the installed Preheat and cannot be deleted by itself",
        "It needs no memory unless it is loaded: preheat unfavourite {model}",
    ),
    "file_not_removable": Template(
        "{path} cannot be deleted: {reason}", "{remedy}; if a program uses it, close that program"
    ),
    "disk_full": Template(
        "There is no space for {name}: it needs {needed:bytes}, and {free:bytes} are free",
        "Free some space on the disk of {folder}, or remove a model: preheat rm MODEL",
    ),
    "disk_full_with_queue": Template(
        "There is no space for {name} and the downloads before it: they need {needed:bytes}, and {free:bytes} are free",
        "Free some space on the disk of {folder}, or remove a model: preheat rm MODEL",
    ),
    "disk_full_for_models": Template(
        "There is no space for the models: they need {needed:bytes}, and {free:bytes} are free",
        "Free some space on the disk of {folder}",
    ),
}

_HUB: Final = {
    "hub_offline": Template(
        "The hub is switched off on this machine",
        "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set; unset it to search and download",
    ),
    "hub_timeout": Template("{hub} did not answer in time", _NETWORK),
    "hub_no_connection": Template("There is no connection to {hub} ({reason})", _NETWORK),
    "hub_token_unreadable": Template("The token for the hub cannot be read ({reason})", "See HF_TOKEN_PATH"),
    "hub_token_invalid": Template(
        "Hugging Face does not accept the token", "Sign in again with preheat hub login, or correct HF_TOKEN"
    ),
    "hub_unexpected_answer": Template("{hub} does not answer like a hub", _NETWORK),
    "hub_file_not_found": Template("{repo} has no file {file}", "Its files are listed on {page}"),
    "hub_revision_not_found": Template("{repo} has no such revision", "Leave the revision out for the newest"),
    "hub_rate_limited": Template(
        "Hugging Face asks for fewer requests", "Try again later; a token (preheat hub login) raises the limit"
    ),
    "hub_repo_disabled": Template("{repo} was disabled by the hub", "Choose another repository"),
    "hub_repo_not_found": Template("{repo} is not on {hub}", "Check the spelling"),
    "hub_repo_not_found_signed_out": Template(
        "{repo} is not on {hub}", "Check the spelling; if it is private, sign in with preheat hub login"
    ),
    "hub_api_not_found": Template("{hub} has no such page", "Check HF_ENDPOINT"),
    "hub_access_denied": Template(
        "The hub does not give access to {repo}", "Check that the token may read it, or ask its owner"
    ),
    "hub_access_pending": Template("Your account has no access to {repo} yet", "Ask for it on {page}, then try again"),
    "hub_terms_not_accepted": Template(
        "{repo} is available only to users who accepted its terms",
        "Accept them on {page}, then sign in with preheat hub login or set HF_TOKEN",
    ),
    "hub_server_error": Template("{host} has a problem (status {status})", "Try again in a few minutes"),
    "hub_status": Template("{hub} answered with status {status}", "Its words: {reason}"),
    "hub_repo_malformed": Template('"{name}" is not a repository', "Write it as owner/name"),
    "hub_commit_unknown": Template("The hub does not say which commit {repo} is at", _LATER),
    "hub_no_gguf": Template("{repo} has no model that Preheat can run", "It has no GGUF files"),
    "hub_no_model": Template("{repo} has no model that Preheat can run", "Its GGUF files: {names:names}"),
    "hub_file_unknown": Template("{repo} has no file {file}", "{advice}"),
    "hub_quantization_unknown": Template("{repo} has no {quantization}", "{advice}"),
    "hub_quantizations_unnamed": Template("Its file names do not tell quantizations; name a file"),
    "fit_now": Template("fits now"),
    "fit_if_others": Template("fits if others leave"),
    "fit_if_leaves": Template("fits if {models:names} leaves"),
    "fit_if_others_leave": Template("fits if {models:names} leave"),
    "fit_if_programs_leave": Template("fits once other programs release {missing:memory}"),
    "fit_too_big": Template("too big for the limit by {missing:memory}"),
    "fit_too_big_by": Template("too big by {missing:memory}"),
    "fits": Template("{variant} needs about {memory:memory} of {limit:memory}: {reason}"),
    "fits_small_model": Template("a small model keeps its abilities best with 8 bits, and there is room"),
    "fits_precise": Template("there is room for more precision, and still for another model"),
    "fits_good": Template("good answers in little memory, and fast"),
    "fits_coarse": Template("less precise than usual, but nothing better fits"),
    "fits_smallest": Template("the smallest available"),
    "fits_not": Template("even the smallest needs more memory than models may use"),
    "catalogue_unreadable": Template("The catalogue cannot be read ({reason})", _REINSTALL),
    "catalogue_duplicates": Template("The catalogue names {names:names} twice", _REINSTALL),
    "pull_name_malformed": Template(
        '"{name}" is not the name of a model to download',
        "Write owner/name, owner/name:Q4_K_M, a file's address on huggingface.co, or a name such as qwen3:4b",
    ),
    "pull_quantization_malformed": Template(
        '"{name}" is not a quantization', "Write one such as Q4_K_M, or leave it out"
    ),
    "pull_name_unknown": Template('The catalogue has no model "{name}"', "{advice}"),
    "search_the_hub": Template("Search for it: preheat search WORDS"),
}

_DOWNLOADS: Final = {
    "download_busy": Template("Another Preheat is downloading these files", "Wait for it, then resume"),
    "download_not_found": Template('There is no download "{download_id}"', "See: preheat downloads"),
    "download_not_over": Template("This download has not ended", "Cancel it to remove it"),
    "download_not_placed": Template(
        "{file} cannot be moved to {path}: {reason}",
        "{remedy}. If an older one is in memory, unload it; then resume the download",
    ),
    "download_not_removable": Template("{path} cannot be removed: {reason}", "{remedy}, or remove it by hand"),
    "download_retries": Template("{problem}; next attempt in {pause_s:duration}"),
    "download_part_damaged": Template("The bytes of an earlier run were damaged; the download starts over"),
    "download_file_changed": Template("{file} has changed on the hub; its download starts over"),
    "download_file_keeps_changing": Template("{file} keeps changing on the hub", _LATER),
    "download_cannot_continue": Template("The hub cannot send only the rest; the download starts over"),
    "download_already_here": Template("It was already here: {path}"),
    "download_needs_space": Template(
        "There is no space for the rest of {name}: it needs {needed:bytes}, and {free:bytes} are free",
        "Free some space on the disk of {folder}. The download continues when there is space",
    ),
    "download_over_quota": Template(
        "The disk accepts no more of {name}",
        "A quota of {folder} may be used up. The download continues when there is space",
    ),
    "models_folder_unwritable": Template(
        "{path} cannot be written: {reason}", "{remedy}; or choose another folder: preheat config set models_dir DIR"
    ),
    "download_unwritable": Template("{path} cannot be written: {reason}", "{remedy}; then resume the download"),
    "checksum_mismatch": Template(
        "The download of {file} is damaged: its checksum (sha256) is wrong",
        "Try again; if that fails too, contact the publisher. The damaged file was kept as {kept_as}",
    ),
    "hub_size_unknown": Template("The hub does not give the size of {file}", _RESUME),
    "hub_file_too_short": Template("The file on the hub is shorter than announced", _RESUME),
    "hub_content_refused": Template("The hub refused the file's content (status {status})", _LATER),
    "hub_wrong_size": Template("{file} should have {expected:bytes}, but {actual:bytes} are sent", _LATER),
    "hub_wrong_range": Template("The hub sent another part of the file than requested", _RESUME),
    "connection_cut": Template("The connection was cut", _RESUME),
    "connection_silent": Template("{host} stopped responding", _RESUME),
    "connection_failed": Template("The connection to {host} failed ({reason})", _RESUME),
    "certificate_untrusted": Template("The certificate of {host} is not trusted ({reason})", _RESUME),
    "redirect_loop": Template("{host} redirects in circles", _RESUME),
}

TABLE: Final[Mapping[str, Template]] = {**_FILES, **_HUB, **_DOWNLOADS}
