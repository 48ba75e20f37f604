"""The downloads page: queue, catalogue and search."""
