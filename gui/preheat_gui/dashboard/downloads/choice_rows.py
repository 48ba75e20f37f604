"""Rows for lists of models and sizes, and the words about them: values, without widgets."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import Fit, FitAnswer, FoundModel, OfferedVariant, RepoOffer, SuggestedModel
from preheat_gui.dashboard.tables import GroupRow, Row
from preheat_gui.widgets import Token
from preheat_gui.words import (
    TASKS,
    ability_words,
    catalogue_sentence,
    format_bytes,
    format_memory,
    format_number,
    format_tenths,
    joined,
    message_text,
    parameter_words,
    quantization_quality,
    quantization_words,
    task_title,
    updated_words,
)

_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Badge:
    """The most important fact about a choice."""

    text: str
    sign: str  # A symbol's name
    token: Token


@dataclass(frozen=True, slots=True)
class ChoiceRow(Row):
    """A model or size to choose."""

    key: str  # Unique in the list
    title: str
    sentence: str = ""  # Smaller, under the title; up to two lines
    figure: str = ""  # At the end of the first line, such as a size
    badge: Badge | None = None  # Under the figure
    mark: str = ""  # A recommendation next to the title; may be empty
    details: str = ""  # Only for the tooltip and screen readers

    @property
    def identity(self) -> Hashable:
        return ChoiceRow, self.key

    @property
    def text(self) -> str:
        return self.title

    @property
    def whole(self) -> str:
        badge = self.badge.text if self.badge else ""
        parts = (self.title, self.mark, self.figure, badge, self.sentence, self.details)
        return ", ".join(part.rstrip(".") for part in parts if part)


def suggestion_rows(
    suggestions: Sequence[SuggestedModel],
    task: str = "",
    downloading: Collection[str] = (),
    *,
    grouped: bool = True,
) -> list[Row]:
    """Return suggestions, by task if ``grouped``, the best model for this machine first; ``task`` filters groups."""
    chosen = sorted(suggestions, key=lambda model: (not model.best, not model.fits))
    if not grouped:
        return [_suggestion_row(model, downloading, task_title(model.task)) for model in chosen]
    rows: list[Row] = []
    for group in TASKS:
        models = [model for model in chosen if model.task == group and task in ("", group)]
        if models:
            rows += [GroupRow(task_title(group)), *(_suggestion_row(model, downloading) for model in models)]
    return rows


def found_rows(
    found: Sequence[FoundModel],
    downloading: Collection[str] = (),
    downloaded: Collection[str] = (),
) -> list[Row]:
    """Return search results in their order; arguments are repositories downloading and since downloaded."""
    return [_found_row(model, downloading, downloaded) for model in found]


def variant_rows(offer: RepoOffer) -> list[Row]:
    """Return the sizes in a repository, the smallest first."""
    return [_variant_row(variant) for variant in offer.variants]


def suggestion_words(model: SuggestedModel) -> str:
    """Return details of a suggestion: ``Q4_K_M, 4-bit, good quality · 2.5 GB download · uses about …``."""
    quantization = quantization_words(model.quantization, model.quantization_words)
    size = _tr("{size} download").format(size=format_bytes(model.download_bytes)) if model.download_bytes else ""
    return joined(quantization, size, _memory(model.memory_bytes), model.licence)


def found_words(model: FoundModel) -> str:
    """Return details of a search result."""
    size = _tr("{size} download").format(size=_about(model.download_bytes)) if model.download_bytes else ""
    parts = joined(model.quantization, size, separator=", ")
    return joined(parts, _memory(model.memory_bytes), _context(model.trained_context), model.licence)


def offer_words(offer: RepoOffer) -> str:
    """Return details of a repository's model that do not depend on the size."""
    if offer.from_catalogue:
        known = _tr("No connection to Hugging Face: sizes from the list of suggestions")
        return joined(known, parameter_words(offer.parameters), offer.licence)
    return joined(
        ability_words(offer.abilities),
        parameter_words(offer.parameters),
        _context(offer.trained_context),
        offer.licence,
        _popularity(offer.downloads),
        updated_words(offer.updated_at),
    )


def variant_words(variant: OfferedVariant) -> str:
    """Return the file of a size, or the first of several."""
    return variant.files[0].path.rpartition("/")[2] if variant.files else ""


def _suggestion_row(model: SuggestedModel, downloading: Collection[str], purpose: str = "") -> ChoiceRow:
    badge = _state_badge(model.repo, downloaded=bool(model.here), downloading=downloading)
    return ChoiceRow(
        key=model.name,
        title=model.title,
        sentence=joined(purpose, catalogue_sentence(model.sentence)),
        figure=format_bytes(model.download_bytes),
        badge=badge or _fit_badge(model.fitting),
        mark=_tr("Best for this computer") if model.best else "",
    )


def _found_row(model: FoundModel, downloading: Collection[str], downloaded: Collection[str]) -> ChoiceRow:
    here = bool(model.here) or model.repo in downloaded
    badge = _state_badge(model.repo, downloaded=here, downloading=downloading)
    if badge is None and model.gated:
        badge = Badge(_tr("Licence must be accepted"), "info", Token.MUTED)
    if badge is None and model.fits is not None:
        badge = _fit_badge(model.fitting)
    facts = joined(
        ability_words(model.abilities) or task_title(model.task),
        parameter_words(model.parameters),
        model.licence,
        _popularity(model.downloads),
        updated_words(model.updated_at),
    )
    size = _about(model.download_bytes) if model.download_bytes else ""
    return ChoiceRow(model.repo, model.repo, facts, size, badge)


def _variant_row(variant: OfferedVariant) -> ChoiceRow:
    words = quantization_quality(variant.quantization_words)
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
        badge=_fit_badge(variant.fitting),
        mark=_tr("Recommended") if variant.recommended else "",
        details=_files(variant),
    )


def _state_badge(repo: str, *, downloaded: bool, downloading: Collection[str]) -> Badge | None:
    if repo in downloading:
        return Badge(_tr("Downloading"), "download", Token.ACCENT)
    return Badge(_tr("Downloaded"), "check", Token.STANDBY) if downloaded else None


def _fit_badge(fit: Fit) -> Badge:
    symbol, token = {
        FitAnswer.NOW: ("check", Token.GOOD),
        FitAnswer.IF_OTHERS_LEAVE: ("check", Token.MUTED),
        FitAnswer.TOO_BIG: ("warning", Token.BAD),
    }[fit.fit]
    return Badge(message_text(fit.brief), symbol, token)


def _memory(size: int) -> str:
    return _tr("uses about {size} of memory").format(size=format_memory(size)) if size else ""


def _files(variant: OfferedVariant) -> str:
    """Return the files of a size, each with its own size."""
    return ", ".join(f"{file.path} ({format_bytes(file.size_bytes)})" for file in variant.files)


def _about(size: int) -> str:
    """Return an estimated size: ``≈ 2.5 GB``."""
    return f"≈ {format_bytes(size)}"


def _context(tokens: int) -> str:
    return _tr("context length {tokens}").format(tokens=format_number(tokens)) if tokens else ""


def _popularity(downloads: int) -> str:
    return _tr("{count} downloads").format(count=_short_count(downloads)) if downloads else ""


def _short_count(count: int) -> str:
    """Return a large count in few digits: ``831``, ``12 k``, ``1.4 M``."""
    if count < _THOUSAND:
        return str(count)
    if count < 999_500:
        return f"{format_tenths(count / 1e3)} k" if count < 9950 else f"{count / 1e3:.0f} k"
    return f"{format_tenths(count / 1e6)} M"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)
