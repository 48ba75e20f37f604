"""The tray application: start, single instance, windows, errors. ``start.main`` runs it."""
