"""The race: an answer of a ready model, and the same answer after a measured cold start."""
