"""The hub: search, repositories, file lists and names to pull."""
