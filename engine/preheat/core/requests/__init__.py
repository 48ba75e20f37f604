"""A request's way through the engine."""
