"""Models to download, and the account that downloads use."""

from __future__ import annotations

from preheat.cli.hub.account import hub_app
from preheat.cli.hub.search import catalogue, fit_cell, search
