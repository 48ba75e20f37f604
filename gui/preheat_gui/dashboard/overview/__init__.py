"""The overview page: the band of memory, and what preloading saves."""
