"""GGUF files: headers, tensor types, model shapes, and a cache of what was read."""
