"""Preheat and llama-server side by side: ``python -m benchmarks`` (``make bench``)."""
