"""Texts of the page for browsers. ``resources/page/`` uses the codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

_FRAME: Final = {
    "page_subtitle": Template("Your models, ready before you ask"),
    "page_skip": Template("Skip to the models"),
    "page_no_script": Template("This page needs JavaScript. Without it, the preheat command shows the same."),
    "page_connecting": Template("Connecting"),
    "page_connected": Template("Connected"),
    "page_lost": Template("Not connected. Trying again in {duration:duration}"),
    "page_lost_now": Template("Not connected. Trying again"),
    "page_refused": Template("Preheat refuses this page: {reason}"),
    "page_try_now": Template("Try now"),
    "page_docs": Template("API documentation"),
    "page_docs_no_script": Template("This page needs JavaScript. The same is at /openapi.json, as data."),
    "page_error": Template("That did not work"),
    "page_unreachable": Template("Preheat does not answer", "Is it still running?"),
}
_KEYS: Final = {
    "page_key_title": Template("This Preheat needs a key"),
    "page_key_text": Template(
        "Make one on the machine that runs Preheat. A key for “use” shows everything here and loads models; one for "
        "“manage” also unloads models, marks favourites and pauses."
    ),
    "page_key_label": Template("Key"),
    "page_key_send": Template("Continue"),
    "page_key_kept": Template("The key stays in this browser tab and is gone when you close it."),
    "page_key_wrong": Template("Preheat does not know this key"),
    "page_key_forget": Template("Forget the key"),
    "page_may_use": Template("This page may load models, but not unload them, mark favourites or pause"),
    "page_may_read": Template("This key may look, but not change anything"),
}
_MEMORY: Final = {
    "page_memory": Template("Memory"),
    "page_memory_used": Template("{used:memory} of {limit:memory}"),
    "page_memory_free": Template("{free:memory} left for other models"),
    "page_memory_limit": Template("Limit {limit:memory}"),
    "page_memory_empty": Template("No models in memory"),
    "page_memory_block": Template("{model}: {state}, {size:memory}"),
    "page_memory_outside": Template("{model}: favourite, not loaded, needs {size:memory}"),
    "page_memory_beyond": Template("Favourites without room"),
    "page_tokens_per_s": Template("{rate} tokens/s"),
}
_NOW: Final = {
    "page_now": Template("Now"),
    "page_now_loading": Template("Loading {model}, {percent}"),
    "page_now_left": Template("about {duration:duration} left"),
    "page_now_off": Template("Preloading is off"),
    "page_now_paused": Template("Preloading is paused until you resume it"),
    "page_now_paused_until": Template("Preloading is paused until {time}"),
    "page_now_waits": Template("Preloading waits: {reason}"),
    "page_now_one_ready": Template("1 model is ready"),
    "page_now_ready": Template("{count} models are ready"),
    "page_now_none": Template("No models loaded, nothing to preload"),
    "page_now_next": Template("Next: {models:names}"),
    "page_pause": Template("Pause preloading"),
    "page_pause_short": Template("Pause"),
    "page_pause_hour": Template("Pause for 1 hour"),
    "page_resume": Template("Resume preloading"),
    "page_resume_short": Template("Resume"),
}
_FIGURES: Final = {
    "page_figures": Template("Since the start"),
    "page_hit_rate": Template("Requests that found their model ready"),
    "page_hits": Template("{hits:count} of {requests:count} requests"),
    "page_no_requests_yet": Template("Appears after the first request"),
    "page_time_saved": Template("Waiting saved"),
    "page_preloads": Template("{preloads:count} preloads, {wasted:count} of them unused"),
    "page_reused": Template("Prompt tokens reused"),
    "page_reused_of": Template("{reused} of {tokens} tokens"),
}
_REQUESTS: Final = {
    "page_requests": Template("Requests"),
    "page_requests_none": Template("No requests at the moment"),
    "page_requests_more": Template("and {count:count} more"),
    "page_client_unknown": Template("A program"),
    "page_request_waiting": Template("Waiting for the model"),
    "page_request_reading": Template("Reading the prompt"),
    "page_request_tokens": Template("{tokens:count} tokens"),
    "page_downloads": Template("Downloads"),
    "page_download_size": Template("{done:bytes} of {total:bytes}"),
    "page_download_queued": Template("Queued"),
    "page_download_running": Template("Downloading"),
    "page_download_checking": Template("Verifying"),
    "page_download_waiting_for_space": Template("Waiting for disk space"),
    "page_download_paused": Template("Paused"),
    "page_download_failed": Template("Failed"),
}
_MODELS: Final = {
    "page_models": Template("Models"),
    "page_models_none": Template("No models yet. Download one: preheat pull smollm2"),
    "page_models_no_match": Template("No model matches"),
    "page_models_shown": Template("{count:count} of {total:count}"),
    "page_filter": Template("Find a model"),
    "page_show": Template("Show"),
    "page_show_all": Template("All"),
    "page_show_memory": Template("In memory"),
    "page_show_favourites": Template("Favourites"),
    "page_state_hot": Template("Ready"),
    "page_state_standby": Template("Cached"),
    "page_state_cold": Template("Not loaded"),
    "page_state_queued": Template("Queued"),
    "page_state_loading": Template("Loading"),
    "page_state_unloading": Template("Unloading"),
    "page_state_failed": Template("Failed"),
    "page_standby_help": Template("Its file is in the system's cache, so that it loads quickly"),
    "page_in_memory": Template("{size:memory} in memory"),
    "page_in_memory_grows": Template("{size:memory} in memory, up to {most:memory} in use"),
    "page_needs": Template("needs {size:memory}"),
    "page_broken_one": Template("1 file can't be used"),
    "page_broken": Template("{count:count} files can't be used"),
    "page_context": Template("context {tokens:count}"),
    "page_embeddings": Template("embeddings"),
    "page_file_missing": Template("its file is gone"),
    "page_used": Template("used {ago}"),
    "page_ago": Template("{duration} ago"),
    "page_just_now": Template("just now"),
    "page_days": Template("{count} d"),
    "page_load": Template("Load"),
    "page_load_again": Template("Try again"),
    "page_stop": Template("Stop"),
    "page_unload": Template("Unload"),
    "page_action": Template("{action}: {model}"),
    "page_favourite": Template("Favourite: {model}"),
    "page_overridden": Template("Favourites are set by {source} and cannot be changed here"),
    "page_why": Template("Why?"),
    "page_is_ready": Template("{model} is ready"),
    "page_is_unloaded": Template("{model} is unloaded"),
    "page_favourites_without_room": Template(
        "No room for {models:names}: all favourites need {needed:memory}, and the limit is {limit:memory}"
    ),
    "page_missing_favourites": Template("Favourites without a file: {models:names}"),
}

TABLE: Final[Mapping[str, Template]] = {
    **_FRAME,
    **_KEYS,
    **_MEMORY,
    **_NOW,
    **_FIGURES,
    **_REQUESTS,
    **_MODELS,
}
