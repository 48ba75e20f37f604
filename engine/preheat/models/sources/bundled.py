"""Models that are part of the installed Preheat: GGUF files in ``resources/models`` of the build, read in place.

Most builds have none. The user's own file of the same name takes the place of an included one.
"""

from __future__ import annotations

from preheat import paths
from preheat.models.model_file import Source
from preheat.models.sources.candidates import Place, folder_candidates


def bundled_places() -> list[Place]:
    """Return the folder of included models, if this build has one."""
    try:
        return [Place(Source.BUNDLED, paths.resource("models"), folder_candidates)]
    except FileNotFoundError:
        return []
