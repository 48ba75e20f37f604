"""The worker process. Nothing outside this package imports it; ``python -m preheat.inference.worker`` runs it."""
