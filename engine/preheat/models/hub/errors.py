"""Converts huggingface_hub's failures into Preheat's, in one place."""

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
    reason_of,
)
from preheat.messages import msg

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_INVALID_TOKEN: Final = "Invalid credentials in Authorization header"
_RETRY_S: Final = 60.0


@contextmanager
def translated(endpoint: str, repo: str = "", path: str = "", *, with_token: bool = False) -> Iterator[None]:
    """Turn every failure of a request to the hub, for a repository and a file, into a ``HubError``."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise HubOfflineError(msg("hub_offline")) from error
    except HfHubHTTPError as error:
        raise _status_error(error, endpoint, repo, path, with_token) from error
    except httpx2.TimeoutException as error:
        raise HubUnreachableError(msg("hub_timeout", hub=endpoint)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise HubUnreachableError(msg("hub_no_connection", hub=endpoint, reason=reason_of(error))) from error
    except OSError as error:
        raise HubError(msg("hub_token_unreadable", reason=reason_of(error))) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # huggingface_hub's reaction to an unexpected answer, such as the sign-in page of a hotel's network.
        raise unexpected_answer(endpoint) from error


def unexpected_answer(endpoint: str) -> HubError:
    """Return the error for an answer that a hub would not give."""
    return HubError(msg("hub_unexpected_answer", hub=endpoint))


def _status_error(error: HfHubHTTPError, endpoint: str, repo: str, path: str, with_token: bool) -> HubError:
    from huggingface_hub import errors

    status, page = error.response.status_code, f"{endpoint}/{repo}"
    if isinstance(error, errors.GatedRepoError):
        return GatedRepoError(
            msg("hub_access_pending" if with_token else "hub_terms_not_accepted", repo=repo, page=page)
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return HubFileNotFoundError(msg("hub_file_not_found", repo=repo, file=path, page=page))
    if isinstance(error, errors.RevisionNotFoundError):
        return RepoNotFoundError(msg("hub_revision_not_found", repo=repo))
    if status == 429:
        return HubRateLimitedError(msg("hub_rate_limited"), retry_after_s=_retry_after_s(error, _RETRY_S))
    if status == 401 and error.response.headers.get("X-Error-Message") == _INVALID_TOKEN:
        return HubError(msg("hub_token_invalid"))
    if isinstance(error, errors.DisabledRepoError):
        return RepoNotFoundError(msg("hub_repo_disabled", repo=repo))
    if status in (401, 404):  # for a signed-out user the hub answers 401 for what does not exist
        if not repo:
            return RepoNotFoundError(msg("hub_api_not_found", hub=endpoint))
        code = "hub_repo_not_found" if with_token else "hub_repo_not_found_signed_out"
        return RepoNotFoundError(msg(code, repo=repo, hub=endpoint))
    if status == 403:
        return GatedRepoError(msg("hub_access_denied", repo=repo))
    if status >= 500:
        unreachable = msg("hub_server_error", host=endpoint, status=status)
        return HubUnreachableError(unreachable, retry_after_s=_retry_after_s(error))
    return HubError(msg("hub_status", hub=endpoint, status=status, reason=error.server_message or "none"))


def _retry_after_s(error: HfHubHTTPError, default: float | None = None) -> float | None:
    """Return how long the hub asks to wait, in seconds: from RateLimit, else Retry-After."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # it does export it

    limit = parse_ratelimit_headers(error.response.headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    asked_s = seconds_of(error.response.headers.get("Retry-After", "").strip())
    return default if asked_s is None else asked_s


def seconds_of(header: str) -> float | None:
    """Return the value of a ``Retry-After`` header in seconds; None if it is not a sensible number."""
    return float(header) if header.isascii() and header.isdigit() and len(header) < 6 else None
