"""Embeddings: which inputs are computed together, and on which thread."""

from __future__ import annotations

from preheat.inference.worker.embeddings.service import EmbeddingService as EmbeddingService
