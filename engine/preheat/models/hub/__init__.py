"""The hub: search, repositories, file lists, and which quantization fits a machine."""

from __future__ import annotations

from preheat.models.hub.card import make_card
from preheat.models.hub.errors import seconds_of
from preheat.models.hub.hub import MAX_CARD_BYTES, MAX_RESULTS, SORTS, FileLocation, Hub, RepoFiles, Sort, is_repo
from preheat.models.hub.recommend import KV_SHARES, Recommendation, advise, choose
from preheat.models.hub.variants import PullTarget, RemoteFile, Variant
