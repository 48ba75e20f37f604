"""The models page: every known model and its actions."""
