"""Messages of the worker and the engine's end of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    # Loading.
    "load_file_unreadable": Template("{file} cannot be read: {reason}", "Check the file and its folder"),
    "load_file_refused": Template(
        "{file} did not load: llama.cpp cannot read it: {detail}", "Download the file again, or free memory"
    ),
    "load_context_failed": Template(
        "{file} did not load: no context of {tokens:count} tokens ({kv_cache_type}): {detail}",
        "Set a smaller context_length, or free memory",
    ),
    "load_probe_failed": Template(
        "{file} did not load: llama.cpp failed to decode the first token (status {status}): {detail}",
        "Download the file again, or free memory",
    ),
    "load_mmproj_failed": Template(
        "The image encoder {file} does not work with this model", "Download the model's own mmproj file, or delete it"
    ),
    "image_too_many_bytes": Template("An image is larger than {limit:bytes}", "Send a smaller one"),
    "image_too_many_pixels": Template(
        "An image has {width} by {height} pixels; {limit:count} are the limit", "Send a smaller one"
    ),
    "image_format_unknown": Template("An image is of an unknown format", "Send PNG, JPEG, GIF or BMP"),
    "image_damaged": Template("An image cannot be decoded", "Send a complete PNG, JPEG, GIF or BMP file"),
    "too_many_images": Template("The chat has {count} images; {limit} are the limit", "Leave out older ones"),
    "llama_library_missing": Template("llama.cpp is missing from this installation", "Install Preheat again"),
    "llama_library_damaged": Template(
        "llama.cpp's file {file} is damaged or missing", "Install Preheat again, and check the disk"
    ),
    "llama_library_failed": Template(
        "llama.cpp's file {file} does not work here: {reason}", "Install Preheat again, or build it on this computer"
    ),
    "processor_unsupported": Template(
        "This build of llama.cpp does not run on this processor",
        "Install Preheat's package for all processors, or build it on this computer with `make run`",
    ),
    "load_no_detail": Template("llama.cpp gives no reason"),
    "worker_load_cancelled": Template("The load was cancelled"),
    "worker_not_started": Template("A worker process could not be started: {reason}", "Free memory or close programs"),
    "worker_not_started_memory": Template(
        "There is no memory to start a worker process",
        "Close other programs, or raise the limit on this process's memory",
    ),
    "worker_failed_to_load": Template("The model crashed while loading: {reason}", "See the log for its last output"),
    "worker_died": Template("The model crashed: {reason}", "Try again; this loads the model again"),
    "worker_killed": Template("The model crashed, possibly out of memory", "Try again; this loads the model again"),
    "worker_hung": Template("The model stopped responding and was ended", "Try again; this loads the model again"),
    "worker_hung_while_loading": Template(
        "Loading made no progress and was stopped", "Check the disk of the model's file, then try again"
    ),
    "worker_out_of_memory": Template(
        "Memory ran out while the model worked",
        "Set a smaller context_length or parallel, use a smaller model, or raise the limit on this process's memory",
    ),
    "worker_out_of_memory_while_loading": Template(
        "Memory ran out while the model was loaded",
        "Set a smaller context_length, use a smaller model, close other programs, or raise the limit on this process's "
        "memory",
    ),
    # How a worker ended.
    "exit_unresponsive": Template("it stopped responding and was ended"),
    "exit_out_of_memory": Template("it ran out of memory"),
    "exit_protocol": Template("its output could not be read"),
    "exit_killed_by_program": Template("another program killed it"),
    "exit_normal": Template("it exited"),
    "exit_code": Template("it failed with exit code {exit_code}"),
    "exit_killed": Template("it was killed, possibly out of memory"),
    "exit_aborted": Template("llama.cpp aborted because of an internal error"),
    "exit_illegal_instruction": Template("it used an instruction that this processor does not have"),
    "exit_memory_fault": Template("it accessed invalid memory"),
    "exit_library_damaged": Template("llama.cpp's file {file} is damaged or missing"),
    "exit_terminated": Template("it was terminated"),
    "exit_signal": Template("it was ended by {signal}"),
    # Requests.
    "model_makes_text": Template("This model generates text and makes no embeddings", "Use an embedding model"),
    "model_makes_embeddings": Template("This model makes embeddings and generates no text", "Use a chat model"),
    "prompt_empty": Template("The prompt is empty", "Send at least one character"),
    "prompt_too_long": Template(
        "The prompt has {tokens} tokens, and this model's context length is {limit} tokens, prompt and completion "
        "together",
        "Shorten the prompt, or raise context_length in the settings",
    ),
    "prompt_too_long_early": Template(
        "The prompt has {tokens} tokens or more, and this model's context length is {limit} tokens, prompt and "
        "completion together",
        "Shorten the prompt, or raise context_length in the settings",
    ),
    "prompt_too_long_trained": Template(
        "The prompt has {tokens} tokens, and this model was trained for a context length of {limit} tokens, prompt and "
        "completion together",
        "Shorten the prompt, or use a model that was trained for more",
    ),
    "prompt_too_long_trained_early": Template(
        "The prompt has {tokens} tokens or more, and this model was trained for a context length of {limit} tokens, "
        "prompt and completion together",
        "Shorten the prompt, or use a model that was trained for more",
    ),
    "prompt_too_long_no_room": Template(
        "The prompt has {tokens} tokens, and this model's context length is {limit} tokens, prompt and completion "
        "together; with room for it, the model would need {needed:memory}, more than the memory limit leaves beside "
        "the favourites",
        "Shorten the prompt, raise memory_limit, have fewer favourites, or use a smaller model",
    ),
    "prompt_too_long_no_memory": Template(
        "The prompt has {tokens} tokens, and this model's context length is {limit} tokens, prompt and completion "
        "together; with room for it, the model would need {needed:memory}, which was not free when it was loaded",
        "Shorten the prompt, close other programs, or use a smaller model",
    ),
    "prompt_too_large": Template(
        "The prompt has {characters:count} characters; {limit:count} are the limit for this model's context length of "
        "{tokens:count} tokens",
        "Shorten the prompt, or raise context_length in the settings",
    ),
    "stop_too_large": Template(
        "The stop strings have {characters:count} characters together; {limit:count} are the limit", "Shorten them"
    ),
    "text_too_large": Template(
        "The text has {characters:count} characters; {limit:count} are the limit", "Send it in several requests"
    ),
    "too_many_tokens": Template("There are more than {limit:count} tokens", "Send the text in several requests"),
    "request_nested_too_deeply": Template(
        "The request has values that are nested too deeply", "Send tools, arguments and schemas with fewer levels"
    ),
    "request_out_of_memory": Template(
        "There was no memory to prepare this request",
        "Send a shorter one, use a smaller model, or raise the limit on this process's memory",
    ),
    "suffix_with_chat": Template("A chat has no suffix", "Send a prompt and a suffix to /v1/completions"),
    "model_without_infill": Template(
        "This model cannot fill the gap before a suffix: its vocabulary has no tokens for it",
        "Use a model for code, such as Qwen2.5-Coder, or leave out the suffix",
    ),
    "input_empty": Template("Input {index} is empty", "Send at least one character"),
    "input_too_long": Template(
        "Input {index} has {tokens} tokens, and this model takes {limit}", "Split it into shorter pieces"
    ),
    "input_too_long_early": Template(
        "Input {index} has {tokens} tokens or more, and this model takes {limit}", "Split it into shorter pieces"
    ),
    "input_too_large": Template(
        "Input {index} has {characters:count} characters; {limit:count} are the limit for this model",
        "Split it into shorter pieces",
    ),
    "token_unknown": Template("There is no token {token}: this model has 0 to {last}"),
    "schema_unusable": Template("The JSON schema cannot be used. {reason}"),
    "grammar_unusable": Template("The grammar cannot be used. {reason}"),
    "constraint_failed": Template("The answer's schema or grammar is too complex to follow. {reason}"),
    "template_failed": Template(
        "The model's chat template cannot render these messages: {reason}",
        "Use another model, or send a prompt to /v1/completions",
    ),
    "template_leaves_out_text": Template(
        "The model's chat template leaves out part of the conversation",
        "Use another model, or send a prompt to /v1/completions",
    ),
    "template_argument_reserved": Template(
        "The template argument {name} is reserved", "Send it in the request's own fields"
    ),
    "images_unsupported": Template("This model cannot see images", "Send text only, or use a model with vision"),
    "template_too_slow": Template(
        "The model's chat template takes too long to render these messages",
        "Send shorter messages, or a prompt to /v1/completions",
    ),
    "template_too_large": Template(
        "The model's chat template takes too much memory to render these messages",
        "Send shorter messages, or a prompt to /v1/completions",
    ),
    "template_crashed": Template(
        "The process that runs the model's chat template crashed on these messages",
        "Send other messages, or a prompt to /v1/completions",
    ),
    "template_broken": Template(
        "The model's chat template is broken: {reason}",
        "Use another file of this model, or send a prompt to /v1/completions",
    ),
    "template_too_long": Template(
        "The model's chat template cannot be used: it is longer than {limit:count} characters",
        "Use another file of this model, or send a prompt to /v1/completions",
    ),
    "template_unusable_slow": Template(
        "The model's chat template cannot be used: it takes too long, even for a few words",
        "Use another file of this model, or send a prompt to /v1/completions",
    ),
    "template_unusable_memory": Template(
        "The model's chat template cannot be used: it takes too much memory, even for a few words",
        "Use another file of this model, or send a prompt to /v1/completions",
    ),
    "template_unusable_crash": Template(
        "The model's chat template cannot be used: it crashes the process that runs it",
        "Use another file of this model, or send a prompt to /v1/completions",
    ),
    "template_process_not_started": Template(
        "The process that runs chat templates does not start", "Free memory or close programs, then try again"
    ),
    # Why a prompt was computed although it was known.
    "prefix_differs": Template("differs from this client's last prompt at token {token:count} of {tokens:count}"),
    "prefix_evicted": Template(
        "{tokens:count} tokens of it were no longer in the cache", "Allow more memory or disk for kept prompts"
    ),
    "prefix_in_other_pieces": Template("with a seed, only what was computed in the same pieces is reused"),
    "prefix_damaged": Template("the stored prompt was damaged"),
    "prefix_file_changed": Template("the model file has changed since it was stored"),
    "prefix_kv_type_changed": Template("the type of the KV cache has changed since it was stored"),
    "prefix_settings_changed": Template("the model's settings have changed since it was stored"),
    "prefix_llama_cpp_changed": Template("it was stored by another version of llama.cpp"),
}
