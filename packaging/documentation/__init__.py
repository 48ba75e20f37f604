"""The site, and its generated parts: ``update_pages.py`` writes them into ``docs/``."""
