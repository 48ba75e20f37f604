"""Fields that clients send and that have no field in the bodies: ignored ones, and those that are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.server.bodies import Refused

PREDICTION: Final = "prediction"

IGNORED: Final[Mapping[str, str]] = {
    "user": "",
    "metadata": "",
    "store": "nothing is stored",
    "service_tier": "",
    "safety_identifier": "",
    "prompt_cache_key": "every prompt's beginning is reused where possible",
    "prompt_cache_retention": "",
    "verbosity": "only OpenAI's models know it",
    PREDICTION: "a hint for speed, which does not change the answer",
    "id_slot": "slots are chosen by the longest common beginning",
    "slot_id": "slots are chosen by the longest common beginning",
    "n_keep": "a prompt is never cut",
    "n_discard": "a prompt is never cut",
    "keep_alive": "see the setting keep_alive",
    "ttl": "see the setting keep_alive",
    "timings_per_token": "timings come with the last chunk",
    "guided_decoding_backend": "",
    "separate_reasoning": "thinking is always separate",
    "stream_reasoning": "",
    "add_special_tokens": "special tokens are added as the model wants them",
    "penalize_nl": "",
}

CHAT_IGNORED: Final = {name: note for name, note in IGNORED.items() if name != PREDICTION}

_SAMPLER: Final = "Preheat does not have this sampler"

REFUSED: Final[Mapping[str, Refused]] = {
    # Samplers of llama.cpp, vLLM and text-generation-webui.
    "typical_p": Refused(_SAMPLER, (1,)),
    "tfs_z": Refused(_SAMPLER, (1,)),
    "top_a": Refused(_SAMPLER, (0,)),
    "top_n_sigma": Refused(_SAMPLER, (-1, 0)),
    "mirostat": Refused(_SAMPLER, (0,)),
    "mirostat_mode": Refused(_SAMPLER, (0,)),
    "dynatemp_range": Refused(_SAMPLER, (0,)),
    "dynamic_temperature": Refused(_SAMPLER, (False,)),
    "smoothing_factor": Refused(_SAMPLER, (0,)),
    "xtc_probability": Refused(_SAMPLER, (0,)),
    "dry_multiplier": Refused(_SAMPLER, (0,)),
    "epsilon_cutoff": Refused(_SAMPLER, (0,)),
    "eta_cutoff": Refused(_SAMPLER, (0,)),
    "no_repeat_ngram_size": Refused(_SAMPLER, (0,)),
    "samplers": Refused("the order of samplers is fixed", ([],)),
    "use_beam_search": Refused("there is no beam search", (False,)),
    "length_penalty": Refused("there is no beam search", (1,)),
    # The answer's end and form.
    "ignore_eos": Refused("the model decides where its answer ends", (False,)),
    "min_tokens": Refused("the model decides where its answer ends", (0,)),
    "min_length": Refused("the model decides where its answer ends", (0,)),
    "stop_token_ids": Refused("use stop", ([],)),
    "include_stop_str_in_output": Refused("stop texts are never part of the answer", (False,)),
    "bad_words": Refused("use logit_bias", ([],)),
    "banned_tokens": Refused("use logit_bias", ([], "")),
    "skip_special_tokens": Refused("control tokens are never part of the answer", (True,)),
    "return_tokens": Refused("use logprobs", (False,)),
    "return_token_ids": Refused("use logprobs", (False,)),
    "n_probs": Refused("use logprobs", (0,)),
    "post_sampling_probs": Refused("log probabilities are those before sampling", (False,)),
    "t_max_predict_ms": Refused("use max_tokens", (0, -1)),
    "truncate_prompt_tokens": Refused("a prompt is never cut"),
    "guided_whitespace_pattern": Refused("JSON is compact"),
    "grammar_lazy": Refused("use tools, or a structural tag", (False,)),
    "lora": Refused("there are no adapters", ([],)),
    "response_fields": Refused("answers are always whole", ([],)),
}

CHAT_REFUSED: Final[Mapping[str, Refused]] = {
    **REFUSED,
    "audio": Refused("only text is generated"),
    "web_search_options": Refused("there is no web search"),
    "plugins": Refused("there are none", ([],)),
    "chat_template": Refused("the model's own template is used"),
    "echo": Refused("use /v1/completions", (False,)),
    "documents": Refused("send them in a message", ([],)),
    "reasoning_format": Refused("thinking is always separate", ("auto", "deepseek")),
    "suffix": Refused("use /v1/completions", ("",)),
    "best_of": Refused("use n", (1,)),
}

COMPLETION_REFUSED: Final[Mapping[str, Refused]] = {
    **REFUSED,
    "messages": Refused("use /v1/chat/completions", ([],)),
    "input_extra": Refused("write further files into the prompt", ([],)),
    "input_prefix": Refused("use prompt", ("",)),
    "input_suffix": Refused("use suffix", ("",)),
}
