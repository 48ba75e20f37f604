"""Why models are loaded, leave memory, or fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    # Why a model is in memory.
    "load_requested": Template("a request asked for it"),
    # Why a model leaves memory.
    "room_for_request": Template("made room for {model}"),
    "room_for_preload": Template("made room for {model}, which is used more"),
    "shrunk_for": Template("gave up its repacked weights to make room for {model}"),
    "preload_yielded": Template("made room for {model}, which a request is waiting for"),
    "room_for_retry": Template("there was no memory to load {model}"),
    "room_made": Template("room was made for other programs"),
    "room_made_until": Template("room was made for other programs until {until}"),
    "room_returned": Template("it left to make room for other programs, which is over"),
    "limit_changed": Template("the memory limit is {limit:memory} now"),
    "over_limit": Template("over the memory limit"),
    "unload_requested": Template("as requested"),
    "keep_alive_over": Template("not used for {idle:duration} (keep_alive)"),
    "settings_outdated": Template("its settings changed; it is loaded again when needed"),
    "context_outdated": Template("a request needs more context; it is loaded again with that"),
    "file_outdated": Template("its file was replaced; it is loaded again when needed"),
    "shutdown": Template("Preheat is shutting down"),
    # Why a model's weights are exchanged for their other form.
    "repack_gains": Template("repacked weights decode up to {gain:percent} faster on this processor"),
    "repack_unmeasured": Template("trying whether repacked weights decode faster on this processor"),
    "repack_set_on": Template("repack is on"),
    "repack_set_off": Template("repack is off"),
    "form_mapped": Template("mapped"),
    "form_repacked": Template("repacked"),
    "form_changing": Template("its weights are being repacked or mapped again in the background"),
    "form_planned": Template("its weights are {form} once it has rested: {reason}"),
    "form_held": Template("its weights are {form} later: {reason}; now {hold}"),
    "form_paused": Template("its weights are {form} in {pause:duration} at the earliest: {reason}"),
    "form_no_room": Template("its weights are not repacked: that needs {missing:memory} more than is free"),
    "form_no_gain": Template(
        "its weights are not repacked: that decodes at most {gain:percent} faster on this processor"
    ),
    "form_too_few_uses": Template("its weights are not repacked: it is used too little"),
    "form_repacked_set": Template("its weights are repacked"),
    "form_repacked_gains": Template(
        "its weights are repacked, which decodes up to {gain:percent} faster and takes {extra:memory} more"
    ),
    "form_processor_busy": Template("other programs use the processor"),
    "exchange_failed": Template("a second worker with the model's other form could not take over: {reason}"),
    "twin_died": Template("its process ended"),
    "exchange_no_gain": Template("repacked weights decode at most {gain:percent} faster on this processor"),
    "exchange_unmeasured": Template("other programs keep the processor too busy to measure its speed"),
    # Why a model's context length is not larger.
    "context_set": Template("as set"),
    "context_trained_for": Template("as much as it was trained for"),
    "context_first": Template("it grows once a request needs more"),
    "context_grown": Template("a request needed it"),
    "context_kept": Template("as before"),
    "context_failed": Template("there was no memory to load it with more"),
    "context_limit": Template("more would exceed the memory limit"),
    "context_beside_favourites": Template("more would leave too little memory for the favourites"),
    "context_beside_likely": Template("more would leave too little memory for other models that are used much"),
    "context_on_device": Template("with more, fewer of its layers would fit on the graphics card"),
    "context_why": Template("{tokens:count} tokens of context, which take {memory:memory}: {reason}"),
    "context_why_free": Template("{tokens:count} tokens of context: {reason}"),
    # Why a load fails.
    "no_room": Template(
        "{model} needs {needed:memory}, but only {available:memory} of the memory limit of {limit:memory} can be freed",
        "Raise memory_limit, lower context_length, or choose a smaller quantization",
    ),
    "no_room_on_device": Template(
        "{model} needs {needed:memory} of {device}, but only {available:memory} of its limit of {limit:memory} can be "
        "freed",
        "Raise device_memory_limit, lower context_length or gpu_layers, or choose a smaller quantization",
    ),
    "no_room_in_bulk": Template(
        "{model} needs {needed:memory}, but only {available:memory} of the memory limit of {limit:memory} can be freed "
        "for a request of low priority, which unloads no favourites",
        "Raise the priority in the setting access or of the key, raise memory_limit, or choose a smaller quantization",
    ),
    "no_room_made": Template(
        "{model} is not loaded: room is kept for other programs",
        "End that: preheat make-room --end",
    ),
    "no_room_made_until": Template(
        "{model} is not loaded: room is kept for other programs until {until}",
        "Ask again then, or end it now: preheat make-room --end",
    ),
    "no_room_for_context": Template(
        "{model} with a context length of {tokens} tokens needs {needed:memory}, more than the memory limit of "
        "{limit:memory}",
        "Ask for a smaller context length, or raise memory_limit",
    ),
    "load_timeout": Template(
        "{model} was not ready after {timeout:g} s", "Raise load_timeout, or choose a smaller model"
    ),
    "load_cancelled": Template("Loading {model} was cancelled", "Ask again to load it"),
    "load_backoff": Template("{model} failed {count} times in a row: {error}", "Try again in {wait:duration}"),
    "worker_ended": Template("{reason}"),
    # Why memory is short.
    "below_keep_free": Template("only {available:memory} of memory is free, less than keep_free ({keep_free:memory})"),
    "below_keep_free_group": Template(
        "only {available:memory} of the control group's memory is free, less than keep_free ({keep_free:memory})"
    ),
    "memory_alarm": Template("the system reports that memory is short"),
    "memory_stalls": Template("programs waited for memory in {share:percent} of the last ten seconds"),
    "memory_stalls_fading": Template("programs still wait for memory now and then"),
    "near_keep_free": Template("little more than keep_free ({keep_free:memory}) is free"),
    # Kept prompts.
    "prefixes_unusable": Template("Prompts cannot be kept in {path}: {reason}", "{remedy}"),
}
