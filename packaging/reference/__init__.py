"""The generated parts of the documentation. ``packaging/reference_pages.py`` writes them."""
