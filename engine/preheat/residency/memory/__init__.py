"""The memory of the system: how much there is, how much is left, and when it runs short."""
