"""A module that ends before it serves."""

raise SystemExit(5)
