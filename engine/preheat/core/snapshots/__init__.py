"""The engine's state as frozen values, and when they are published."""
