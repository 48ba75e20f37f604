"""The models that Preheat suggests, and the names that a pull understands."""

from __future__ import annotations

from preheat.models.catalogue.catalogue import (
    CatalogueEntry,
    CatalogueError,
    Suggestion,
    Task,
    best_for,
    load_catalogue,
)
from preheat.models.catalogue.offers import (
    FoundModel,
    Machine,
    OfferedFile,
    OfferedVariant,
    RepoOffer,
    catalogue_json,
    repo_json,
    repo_offer,
    search,
    search_json,
    suggestions,
)
from preheat.models.catalogue.pull_names import parse_pull

__all__ = [
    "CatalogueEntry",
    "CatalogueError",
    "FoundModel",
    "Machine",
    "OfferedFile",
    "OfferedVariant",
    "RepoOffer",
    "Suggestion",
    "Task",
    "best_for",
    "catalogue_json",
    "load_catalogue",
    "parse_pull",
    "repo_json",
    "repo_offer",
    "search",
    "search_json",
    "suggestions",
]
