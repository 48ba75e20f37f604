"""The words of windows, tray and notifications, in the user's language."""

from preheat_gui.words.catalogue import (
    INCLUDED,
    PROGRAMS,
    TASKS,
    ability_words,
    catalogue_sentence,
    joined,
    owner_words,
    parameter_words,
    quantization_quality,
    quantization_words,
    source_words,
    task_title,
    updated_words,
)
from preheat_gui.words.devices import device_facts, device_state
from preheat_gui.words.downloads import (
    UNDER_WAY,
    UNFINISHED,
    download_figures,
    download_share,
    download_state,
    download_status,
    download_trouble,
    format_speed,
    model_of,
    repos_arrived,
    repos_under_way,
)
from preheat_gui.words.figures import (
    SEPARATOR,
    app_name,
    format_ago,
    format_bytes,
    format_duration,
    format_memory,
    format_number,
    format_tenths,
    list_names,
    percent,
    percent_done,
    sentence,
    short_name,
)
from preheat_gui.words.limits import BYTES, PERCENT, lacking_words, limit_text, limit_unit, preview_words, raised_limit
from preheat_gui.words.messages import (
    error_hint,
    error_text,
    error_title,
    message_opening,
    message_sentences,
    message_text,
    message_words,
    set_by,
)
from preheat_gui.words.models import (
    LOADING_STATES,
    QUIT,
    TOOLTIP_CHARS,
    context_words,
    decision_sentence,
    failure_reason,
    fit_words,
    form_sentence,
    form_words,
    loading_models,
    loading_words,
    model_state,
    paused_words,
    room_words,
    state_name,
    status_line,
    taken_words,
    time_left,
    tooltip,
)
from preheat_gui.words.problems import Circumstances, Kind, Problem, ProblemAction, Remedy, find_problem
from preheat_gui.words.prompts import (
    kept_words,
    prompt_words,
    prompts_ready,
    reuse_sentences,
    reuse_sources,
    reused_words,
    written_words,
)
