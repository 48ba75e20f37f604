"""Models on disk: GGUF headers, files and names.

Everything here blocks on the disk: call it in a thread. Downloads, the hub and the catalogue are packages of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.models.file_names import DOWNLOADS, printable
    from preheat.models.fits import FITS, Fit, FitAnswer, Headroom, Leaving
    from preheat.models.gguf import GgufHeader, Kind, LayerShape, ModelShape, quantization_words, read_header
    from preheat.models.importing import How, import_file
    from preheat.models.index import HANGS_AFTER_S, SETTLE_S, ModelIndex, cache_file, find_models, look_once
    from preheat.models.listing import BrokenFile, Listing, SkippedFile
    from preheat.models.model_file import Ability, ModelFile, Source, file_elsewhere
    from preheat.models.moving import MovePlan, check_setting, move_models, plan_move, write_setting
    from preheat.models.names import resolve
    from preheat.models.offers import (
        FoundModel,
        HubAccount,
        OfferedFile,
        OfferedVariant,
        RepoCard,
        RepoOffer,
        SuggestedModel,
    )
    from preheat.models.removal import files_to_remove, remove_files
    from preheat.models.signs import HUES, Pattern, Sign, SignBook, preferred_hue
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.models.file_names": "DOWNLOADS printable",
            "preheat.models.fits": "FITS Fit FitAnswer Headroom Leaving",
            "preheat.models.gguf": "GgufHeader Kind LayerShape ModelShape quantization_words read_header",
            "preheat.models.importing": "How import_file",
            "preheat.models.index": "HANGS_AFTER_S SETTLE_S ModelIndex cache_file find_models look_once",
            "preheat.models.listing": "BrokenFile Listing SkippedFile",
            "preheat.models.model_file": "Ability ModelFile Source file_elsewhere",
            "preheat.models.moving": "MovePlan check_setting move_models plan_move write_setting",
            "preheat.models.names": "resolve",
            "preheat.models.offers": (
                "FoundModel HubAccount OfferedFile OfferedVariant RepoCard RepoOffer SuggestedModel"
            ),
            "preheat.models.removal": "files_to_remove remove_files",
            "preheat.models.signs": "HUES Pattern Sign SignBook preferred_hue",
        },
    )
