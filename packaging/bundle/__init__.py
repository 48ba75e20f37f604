"""The bundle: one folder with Preheat, its Python and all libraries, made with PyInstaller."""
