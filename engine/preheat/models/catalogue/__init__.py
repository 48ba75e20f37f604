"""The models that Preheat suggests, and the names that a pull understands."""

from __future__ import annotations

from preheat.models.catalogue.catalogue import (
    CatalogueEntry,
    CatalogueError,
    Task,
    best_for,
    load_catalogue,
)
from preheat.models.catalogue.offers import Machine, repo_card, repo_offer, search, suggestions
from preheat.models.catalogue.pull_names import parse_pull
from preheat.models.catalogue.pulled import find_pulled
