"""The tray application: start, single instance, windows, errors."""
