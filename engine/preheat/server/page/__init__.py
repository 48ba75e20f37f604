"""Preheat's page for browsers, at ``/``, and the documentation of the API, at ``/docs``.

``resources/page/`` has the files: HTML, a style sheet and modules, without a framework or a build step. Nothing is
loaded from elsewhere. ``docs/web-page.md`` says who may do what on the page.
"""

from preheat.server.page.routes import page_routes, page_token

__all__ = ["page_routes", "page_token"]
