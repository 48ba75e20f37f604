"""``preheat hub``: the account on Hugging Face that downloads use."""

from __future__ import annotations

import sys
from typing import Final

import typer

from preheat.cli.output import AsJson, JsonObject, ask, print_json, print_text

hub_app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    help="Sign in to Hugging Face.\n\nOnly models with terms to accept, and private ones, need an account.",
)

_SOURCES: Final = {
    "environment": "HF_TOKEN",
    "keyring": "the system's keyring",
    "file": "hf auth login",
}


@hub_app.command()
def login() -> None:
    """Store a token in the system's keyring. It is asked for, or read from standard input."""
    from preheat.settings import HubToken, keyring_problem

    if sys.stdin.isatty():
        if (problem := keyring_problem()) is not None:
            from preheat.settings import KeyringError

            raise KeyringError(problem)
        typer.echo("Make a token with read access on https://huggingface.co/settings/tokens", err=True)
        token = typer.prompt("Token", hide_input=True, err=True)
    else:
        token = sys.stdin.readline()
    HubToken().write(token)
    typer.echo("The token is in the system's keyring.")
    _print_account(_account(check=True))


@hub_app.command()
def logout() -> None:
    """Remove the token from the system's keyring."""
    from preheat.settings import HubToken

    stored = HubToken()
    known = bool(stored.saved_at)
    stored.remove()
    typer.echo("The token was removed." if known else "There is no token in the system's keyring.")
    account = _account(check=False)
    if account["source"]:
        _print_account(account)


@hub_app.command()
def account(as_json: AsJson = False) -> None:
    """Show which account is used on Hugging Face. The token itself is never shown."""
    answer = _account(check=True)
    print_json(answer) if as_json else _print_account(answer)


def _account(*, check: bool) -> JsonObject:
    from preheat.control import GetHubAccount

    answer: JsonObject = ask(GetHubAccount(check))
    return answer


def _print_account(account: JsonObject) -> None:
    source = _SOURCES.get(account["source"], "")
    if account["user"]:
        print_text(f"Signed in as {account['user']} (token: {source}).")
    elif source:
        print_text(f"A token is set (from {source}).")
    else:
        print_text("Not signed in.")
    if account["problem_message"]:
        from preheat.messages import message_from_json, render

        for words in filter(None, render(message_from_json(account["problem_message"]))):
            print_text(f"{words}.")
