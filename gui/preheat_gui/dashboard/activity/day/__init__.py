"""The last day and the next hours as a timeline, a lane for each model."""
