"""Every setting: declared once, read in layers, written by one store."""

from __future__ import annotations

from preheat.settings.access import AccessRule, access_rules, find_rule
from preheat.settings.addresses import APP_ORIGINS, AppName, is_loopback
from preheat.settings.check import Merged, check_name, checked_model_setting, field_of, value_of
from preheat.settings.declaration import (
    AUTO,
    GROUP_LABELS,
    HIDDEN,
    Effect,
    Group,
    allowed,
    bounds_of,
    choices_of,
    extra,
    is_inherited,
    is_list,
    is_secret,
    kinds_of,
    may_be_auto,
)
from preheat.settings.hub_token import HubToken, KeyringError, keyring_problem
from preheat.settings.keys import KeyNotFoundError, KeyScope, KeyStore, NamedKey
from preheat.settings.layers import Origin, parse_text, variable_of
from preheat.settings.load import (
    checked_value,
    find_problems,
    load_settings,
    merge_settings,
    problems_of,
    to_text,
    to_toml_value,
)
from preheat.settings.model import FIELDS, LISTS, PORT_SETTINGS, RESTART_SETTINGS, Settings, SourceName
from preheat.settings.model_settings import USUAL_CONTEXT, EffectiveModelSettings, ModelSettings
from preheat.settings.names import MODELS, canonical, keys_of, model_setting
from preheat.settings.size import Size
from preheat.settings.store import LAST_GOOD, SettingsChange, SettingsStore
