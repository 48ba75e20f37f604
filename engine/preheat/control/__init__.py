"""The control API: what anyone may ask of the engine."""
