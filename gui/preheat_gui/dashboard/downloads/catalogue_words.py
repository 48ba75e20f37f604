"""What is said of models that can be fetched: rows for the lists. Pure but for the language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import FoundModel, OfferedVariant, RepoOffer, SuggestedModel
from preheat_gui.dashboard.downloads.catalogue_list import Badge, ChoiceRow, GroupRow, Row
from preheat_gui.widgets import Token
from preheat_gui.words import format_bytes, format_memory, format_number

BETWEEN: Final = " · "

TASKS: Final = ("chat", "code", "small", "embedding", "vision", "rerank")
"""In the order in which they are shown."""

_THOUSAND: Final = 1000


def suggestion_rows(
    suggestions: Sequence[SuggestedModel], task: str = "", under_way: Collection[str] = ()
) -> list[Row]:
    """Return the catalogue by task, the best one for this machine first.

    Args:
        task: Only those for this task; empty for all.
        under_way: Repositories of which something is being fetched.
    """
    rows: list[Row] = []
    for group in TASKS:
        models = [model for model in suggestions if model.task == group and task in ("", group)]
        if models:
            rows.append(GroupRow(group_words(group)))
            rows += [_suggestion_row(model, under_way) for model in sorted(models, key=_worth)]
    return rows


def found_rows(
    found: Sequence[FoundModel], under_way: Collection[str] = (), arrived: Collection[str] = ()
) -> list[Row]:
    """Return the results of a search, in the order in which they came.

    Args:
        arrived: Repositories of which something was fetched, perhaps after the search.
    """
    return [_found_row(model, under_way, arrived) for model in found]


def variant_rows(offer: RepoOffer) -> list[Row]:
    """Return what a repository offers, the smallest first."""
    return [_variant_row(variant, offer.limit_bytes) for variant in offer.variants]


def group_words(task: str) -> str:
    """Return what models of a task are for, as a title."""
    return {
        "chat": _tr("Conversation"),
        "code": _tr("Code"),
        "small": _tr("Small and quick"),
        "embedding": _tr("Search by meaning (embeddings)"),
        "vision": _tr("Pictures"),
        "rerank": _tr("Ordering of search results"),
    }.get(task, "")


def suggestion_words(model: SuggestedModel) -> str:
    """Return what fetching a suggestion means: ``Q4_K_M, 4-bit, good quality · 2.5 GB · takes about 3.1 GB of …``."""
    quantization = ", ".join(part for part in (model.quantization, model.quantization_words) if part)
    parts = (quantization, _download(model.download_bytes), _memory(model.memory_bytes), model.licence)
    return BETWEEN.join(part for part in parts if part)


def found_words(model: FoundModel) -> str:
    """Return what the hub tells of a repository."""
    parts = [group_words(model.task), parameter_words(model.parameters), model.licence]
    return BETWEEN.join(part for part in parts if part)


def offer_words(offer: RepoOffer) -> str:
    """Return what is known of a repository's model, whatever its quantization."""
    context = _tr("context length {tokens}").format(tokens=format_number(offer.trained_context))
    parts = (parameter_words(offer.parameters), context if offer.trained_context else "", offer.licence)
    return BETWEEN.join(part for part in parts if part)


def parameter_words(parameters: int) -> str:
    """Return a number of parameters: ``4 billion parameters``, ``135 million parameters``; empty if unknown."""
    if parameters <= 0:
        return ""
    if parameters >= 950_000_000:
        return _tr("{count} billion parameters").format(count=_tenths(parameters / 1e9))
    return _tr("{count} million parameters").format(count=f"{parameters / 1e6:.0f}")


def _suggestion_row(model: SuggestedModel, under_way: Collection[str]) -> ChoiceRow:
    badge = _state_badge(model.repo, is_here=bool(model.here), under_way=under_way)
    return ChoiceRow(
        key=model.name,
        title=model.title,
        sentence=model.sentence,
        figure=format_bytes(model.download_bytes),
        badge=badge or _fits(fits=model.fits, missing_bytes=model.missing_bytes),
        mark=_tr("Best for this computer") if model.best else "",
    )


def _worth(model: SuggestedModel) -> tuple[bool, bool]:
    return not model.best, not model.fits


def _found_row(model: FoundModel, under_way: Collection[str], arrived: Collection[str]) -> ChoiceRow:
    badge = _state_badge(model.repo, is_here=bool(model.here) or model.repo in arrived, under_way=under_way)
    if badge is None and model.gated:
        badge = Badge(_tr("Its owner wants your consent"), "info", Token.MUTED)
    downloads = _tr("{count} downloads").format(count=_short(model.downloads)) if model.downloads else ""
    return ChoiceRow(model.repo, model.repo, found_words(model), downloads, badge)


def _variant_row(variant: OfferedVariant, limit_bytes: int) -> ChoiceRow:
    parts = [
        variant.quantization if variant.quantization_words else "",
        _memory(variant.memory_bytes),
        _tr("{count} files").format(count=variant.parts) if variant.parts > 1 else "",
        _tr("sees pictures") if variant.vision else "",
    ]
    return ChoiceRow(
        key=variant.name,
        title=_capital(variant.quantization_words) or variant.quantization or variant.name.rpartition("/")[2],
        sentence=BETWEEN.join(part for part in parts if part),
        figure=format_bytes(variant.total_bytes),
        badge=_fits(fits=variant.fits, missing_bytes=variant.memory_bytes - limit_bytes),
        mark=_tr("Recommended") if variant.recommended else "",
    )


def _state_badge(repo: str, *, is_here: bool, under_way: Collection[str]) -> Badge | None:
    if repo in under_way:
        return Badge(_tr("Being downloaded"), "download", Token.ACCENT)
    return Badge(_tr("Already here"), "check", Token.STANDBY) if is_here else None


def _fits(*, fits: bool, missing_bytes: int) -> Badge:
    if fits:
        return Badge(_tr("fits"), "check", Token.GOOD)
    words = _tr("needs {size} more than the limit").format(size=format_memory(max(missing_bytes, 1)))
    return Badge(words, "warning", Token.BAD)


def _download(size: int) -> str:
    return _tr("{size} download").format(size=format_bytes(size)) if size else ""


def _memory(size: int) -> str:
    return _tr("takes about {size} of memory").format(size=format_memory(size)) if size else ""


def _short(count: int) -> str:
    """Return a large count in few figures: ``831``, ``12 k``, ``1.4 M``."""
    if count < _THOUSAND:
        return str(count)
    if count < 999_500:
        return f"{_tenths(count / 1e3)} k" if count < 9950 else f"{count / 1e3:.0f} k"
    return f"{_tenths(count / 1e6)} M"


def _tenths(number: float) -> str:
    rounded = round(number, 1)
    return format_number(rounded, 0 if rounded.is_integer() else 1)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Catalogue", text)
