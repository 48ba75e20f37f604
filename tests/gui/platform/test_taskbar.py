"""The application's identity on Windows; other systems have none."""

from __future__ import annotations

from preheat_gui.platform import APP_ID, identify_application


def test_identity_is_given_to_the_system() -> None:
    called: list[str] = []

    identify_application(called.append)

    assert called == [APP_ID]


def test_a_system_without_the_function_gets_nothing() -> None:
    identify_application()
