from __future__ import annotations

import pytest

from preheat.settings import Group, ModelSettings
from preheat_gui.settings_dialog.declarations import declaration, declarations, model_declarations


@pytest.mark.parametrize("group", Group)
def test_descriptions_quote_names_and_values_as_the_window_shows_them(group: Group) -> None:
    own = model_declarations(ModelSettings(), has_devices=True)
    assert not [each.name for each in (*declarations(group), *own) if "`" in each.description]


def test_a_quoted_form_stays_and_a_quoted_value_has_its_words() -> None:
    assert "“program NAME; MODELS; PRIORITY” with “*”" in declaration("access").description
    assert "“Ask” offers" in declaration("offer_room").description
