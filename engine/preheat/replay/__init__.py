"""What would another memory limit bring? Replays recorded use with the engine's own decisions."""
