"""The worker processes of models: loaded, watched and closed as ``decide`` wants."""
