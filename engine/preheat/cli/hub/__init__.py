"""Models to download, and the account that downloads use."""

from __future__ import annotations

from preheat.cli.hub.account import hub_app as hub_app
from preheat.cli.hub.search import catalogue as catalogue
from preheat.cli.hub.search import search as search
