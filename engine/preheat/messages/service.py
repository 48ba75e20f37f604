"""Messages about the background service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "service_no_manager": Template(
        "{program} is missing: this system has no service manager that Preheat knows",
        "Start this command with the system's own tools: {command}",
    ),
    "service_no_user_manager": Template(
        "systemd's manager of this user cannot be reached: {reason}",
        "Log in as this user, not with su or sudo; on a server: loginctl enable-linger, then log in again",
    ),
    "service_manager_refused": Template("{program} failed: {reason}"),
    "service_manager_hangs": Template("{program} does not answer", "Try again, or restart the computer"),
    "service_foreign_file": Template(
        "{path} exists and was not written by Preheat", "Rename or delete it, then install again"
    ),
    "service_file_unwritable": Template("{path} cannot be written: {reason}", "Check the permissions of its folder"),
    "service_not_started": Template("The service is installed but did not start: {reason}", "See: {log}"),
    "service_under_sudo": Template(
        "With sudo, the service would belong to another user", "Run the command without sudo"
    ),
    "service_always_unsupported": Template(
        "This system starts a user's service only after the user has logged in",
        "Leave out --linger, or let an administrator set up the command: {command}",
    ),
    "service_no_linger": Template(
        "The service is installed, but the system does not start it without a login: {reason}",
        "Ask an administrator to run: loginctl enable-linger {user}",
    ),
    "service_unusable_text": Template("{what} cannot be written into a service's description: {reason}"),
}
