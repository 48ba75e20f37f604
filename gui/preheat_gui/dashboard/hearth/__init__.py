"""The overview's centre: one band as wide as the memory limit, with the models in it."""
