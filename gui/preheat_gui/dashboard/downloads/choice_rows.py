"""Rows and words for models that can be downloaded. Pure except for the language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import FoundModel, OfferedVariant, RepoOffer, SuggestedModel
from preheat_gui.dashboard.downloads.choices import Badge, ChoiceRow
from preheat_gui.dashboard.tables import GroupRow, Row
from preheat_gui.widgets import Token
from preheat_gui.words import (
    TASKS,
    format_bytes,
    format_memory,
    format_number,
    format_tenths,
    joined,
    parameter_words,
    task_title,
)

_THOUSAND: Final = 1000


def suggestion_rows(
    suggestions: Sequence[SuggestedModel], task: str = "", downloading: Collection[str] = ()
) -> list[Row]:
    """Return the catalogue by task, the best model for this machine first; ``task`` filters it."""
    rows: list[Row] = []
    for group in TASKS:
        models = [model for model in suggestions if model.task == group and task in ("", group)]
        if models:
            rows.append(GroupRow(task_title(group)))
            models.sort(key=lambda model: (not model.best, not model.fits))
            rows += [_suggestion_row(model, downloading) for model in models]
    return rows


def found_rows(
    found: Sequence[FoundModel], downloading: Collection[str] = (), downloaded: Collection[str] = ()
) -> list[Row]:
    """Return search results in their order; arguments are repositories downloading and since downloaded."""
    return [_found_row(model, downloading, downloaded) for model in found]


def variant_rows(offer: RepoOffer) -> list[Row]:
    """Return the sizes in a repository, the smallest first."""
    return [_variant_row(variant, offer.limit_bytes) for variant in offer.variants]


def suggestion_words(model: SuggestedModel) -> str:
    """Return details of a suggestion: ``Q4_K_M, 4-bit, good quality · 2.5 GB download · uses about …``."""
    quantization = joined(model.quantization, model.quantization_words, separator=", ")
    size = _tr("{size} download").format(size=format_bytes(model.download_bytes)) if model.download_bytes else ""
    return joined(quantization, size, _memory(model.memory_bytes), model.licence)


def found_words(model: FoundModel) -> str:
    """Return details of a search result."""
    return joined(task_title(model.task), parameter_words(model.parameters), model.licence)


def offer_words(offer: RepoOffer) -> str:
    """Return details of a repository's model that do not depend on the size."""
    context = _tr("context length {tokens}").format(tokens=format_number(offer.trained_context))
    return joined(parameter_words(offer.parameters), context if offer.trained_context else "", offer.licence)


def _suggestion_row(model: SuggestedModel, downloading: Collection[str]) -> ChoiceRow:
    badge = _state_badge(model.repo, downloaded=bool(model.here), downloading=downloading)
    return ChoiceRow(
        key=model.name,
        title=model.title,
        sentence=model.sentence,
        figure=format_bytes(model.download_bytes),
        badge=badge or _fit_badge(fits=model.fits, missing_bytes=model.missing_bytes),
        mark=_tr("Best for this computer") if model.best else "",
    )


def _found_row(model: FoundModel, downloading: Collection[str], downloaded: Collection[str]) -> ChoiceRow:
    here = bool(model.here) or model.repo in downloaded
    badge = _state_badge(model.repo, downloaded=here, downloading=downloading)
    if badge is None and model.gated:
        badge = Badge(_tr("Licence must be accepted"), "info", Token.MUTED)
    downloads = _tr("{count} downloads").format(count=_short_count(model.downloads)) if model.downloads else ""
    return ChoiceRow(model.repo, model.repo, found_words(model), downloads, badge)


def _variant_row(variant: OfferedVariant, limit_bytes: int) -> ChoiceRow:
    words = variant.quantization_words
    return ChoiceRow(
        key=variant.name,
        title=words[:1].upper() + words[1:] or variant.quantization or variant.name.rpartition("/")[2],
        sentence=joined(
            variant.quantization if words else "",
            _memory(variant.memory_bytes),
            _tr("{count} files").format(count=variant.parts) if variant.parts > 1 else "",
            _tr("understands images") if variant.vision else "",
        ),
        figure=format_bytes(variant.total_bytes),
        badge=_fit_badge(fits=variant.fits, missing_bytes=variant.memory_bytes - limit_bytes),
        mark=_tr("Recommended") if variant.recommended else "",
    )


def _state_badge(repo: str, *, downloaded: bool, downloading: Collection[str]) -> Badge | None:
    if repo in downloading:
        return Badge(_tr("Downloading"), "download", Token.ACCENT)
    return Badge(_tr("Downloaded"), "check", Token.STANDBY) if downloaded else None


def _fit_badge(*, fits: bool, missing_bytes: int) -> Badge:
    if fits:
        return Badge(_tr("fits"), "check", Token.GOOD)
    words = _tr("needs {size} more than the limit").format(size=format_memory(max(missing_bytes, 1)))
    return Badge(words, "warning", Token.BAD)


def _memory(size: int) -> str:
    return _tr("uses about {size} of memory").format(size=format_memory(size)) if size else ""


def _short_count(count: int) -> str:
    """Return a large count in few digits: ``831``, ``12 k``, ``1.4 M``."""
    if count < _THOUSAND:
        return str(count)
    if count < 999_500:
        return f"{format_tenths(count / 1e3)} k" if count < 9950 else f"{count / 1e3:.0f} k"
    return f"{format_tenths(count / 1e6)} M"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)
