"""The overview page: current loads, memory, and what preloading saves."""
