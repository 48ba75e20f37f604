"""The one place where huggingface_hub's failures become Preheat's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from preheat.errors import (
    GatedRepoError,
    HubError,
    HubFileNotFoundError,
    HubOfflineError,
    HubRateLimitedError,
    HubUnreachableError,
    RepoNotFoundError,
)

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_INVALID_TOKEN: Final = "Invalid credentials in Authorization header"
_PROXY_HINT: Final = "Check the network, and HF_ENDPOINT and HTTPS_PROXY if they are set"
_RETRY_S: Final = 60.0


@contextmanager
def translated(endpoint: str, repo: str = "", path: str = "", *, with_token: bool = False) -> Iterator[None]:
    """Turn every failure of a call to the hub into a ``HubError``.

    Args:
        endpoint: The hub's address, for the words.
        repo: The repository that is asked for, if one is.
        path: The file that is asked for, if one is.
        with_token: Whether the request carries the user's token.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise offline_error() from error
    except HfHubHTTPError as error:
        raise _status_error(error, endpoint, repo, path, with_token) from error
    except httpx2.TimeoutException as error:
        raise HubUnreachableError(f"{endpoint} did not answer in time", hint=_PROXY_HINT) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise HubUnreachableError(
            f"There is no connection to {endpoint} ({_reason(error)})", hint=_PROXY_HINT
        ) from error
    except OSError as error:
        raise HubError(
            f"The token for the hub cannot be read ({error.strerror or error})", hint="See HF_TOKEN_PATH"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # huggingface_hub's words for an answer of another form, such as the sign-in page of a hotel's network.
        raise HubError(f"{endpoint} does not answer as a hub does", hint=_PROXY_HINT) from error


def offline_error() -> HubOfflineError:
    """Return what is raised when the user forbade asking the hub."""
    return HubOfflineError(
        "The hub is switched off on this machine",
        hint="HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set; unset it to search and download",
    )


def _status_error(error: HfHubHTTPError, endpoint: str, repo: str, path: str, with_token: bool) -> HubError:
    from huggingface_hub import errors

    status = error.response.status_code
    if isinstance(error, errors.GatedRepoError):
        return gated_error(endpoint, repo, with_token)
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return HubFileNotFoundError(f"{repo} has no file {path}", hint=f"Its files are listed on {endpoint}/{repo}")
    if isinstance(error, errors.RevisionNotFoundError):
        return RepoNotFoundError(f"{repo} has no such revision", hint="Leave the revision out to take the newest")
    if status == 429:
        return HubRateLimitedError(
            "The hub asks for fewer requests",
            hint="Try again later; a token (hf auth login) raises the limit",
            retry_after_s=_retry_after_s(error),
        )
    if status == 401 and error.response.headers.get("X-Error-Message") == _INVALID_TOKEN:
        return HubError("The hub does not know the token", hint="Sign in again with hf auth login, or mend HF_TOKEN")
    if isinstance(error, errors.DisabledRepoError):
        return RepoNotFoundError(f"{repo} was switched off by the hub", hint="Choose another repository")
    if status in (401, 404):  # the hub answers 401 for what does not exist to those who have not signed in
        hint = (
            "Check the spelling" if with_token else "Check the spelling; if it is private, sign in with hf auth login"
        )
        return RepoNotFoundError(f"{repo or 'What was asked for'} is not on {endpoint}", hint=hint)
    if status == 403:
        return GatedRepoError(
            f"The hub does not give access to {repo}", hint="Check that the token may read it, or ask its owner"
        )
    if status >= 500:
        return HubUnreachableError(
            f"{endpoint} has a problem of its own (status {status})",
            hint="Try again in a few minutes",
            retry_after_s=_retry_after_s(error, default=None),
        )
    return HubError(f"{endpoint} answered with status {status}", hint=f"Its words: {error.server_message or 'none'}")


def gated_error(endpoint: str, repo: str, with_token: bool) -> GatedRepoError:
    """Return the error for a repository whose owner wants the user's consent first."""
    page = f"{endpoint}/{repo}"
    if with_token:
        return GatedRepoError(f"Your account has no access to {repo} yet", hint=f"Ask for it on {page}, then try again")
    return GatedRepoError(
        f"{repo} is given only to users who accepted its terms",
        hint=f"Accept them on {page}, then sign in with hf auth login or set HF_TOKEN",
    )


def _retry_after_s(error: HfHubHTTPError, default: float | None = _RETRY_S) -> float | None:
    """Return how long the hub wants us to wait: from RateLimit, else Retry-After, in seconds."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # it does export it

    headers = error.response.headers
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else default


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
