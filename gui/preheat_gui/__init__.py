"""The tray and the windows of Preheat. The only package that imports PySide6."""
