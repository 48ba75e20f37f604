"""Which models are on disk? Reading GGUF headers, finding files, naming models.

Everything here blocks on the disk: call it in a thread. Downloads, the hub and the catalogue are packages of their own.
"""

from __future__ import annotations

from preheat.models.elsewhere import file_elsewhere
from preheat.models.file_names import printable
from preheat.models.gguf import GgufHeader, Kind, ModelShape, quantization_words, read_header
from preheat.models.importing import How, import_file, set_bytes
from preheat.models.index import HANGS_AFTER_S, SETTLE_S, ModelIndex, cache_file, find_models, look_once
from preheat.models.listing import Listing, SkippedFile
from preheat.models.model_file import Ability, ModelDetails, ModelFile, Source
from preheat.models.moving import folder_bytes, move_folder, write_setting
from preheat.models.names import resolve
from preheat.models.offers import FoundModel, OfferedFile, OfferedVariant, RepoOffer, SuggestedModel
from preheat.models.removal import files_to_remove, remove_files

__all__ = [
    "HANGS_AFTER_S",
    "SETTLE_S",
    "Ability",
    "FoundModel",
    "GgufHeader",
    "How",
    "Kind",
    "Listing",
    "ModelDetails",
    "ModelFile",
    "ModelIndex",
    "ModelShape",
    "OfferedFile",
    "OfferedVariant",
    "RepoOffer",
    "SkippedFile",
    "Source",
    "SuggestedModel",
    "cache_file",
    "file_elsewhere",
    "files_to_remove",
    "find_models",
    "folder_bytes",
    "import_file",
    "look_once",
    "move_folder",
    "printable",
    "quantization_words",
    "read_header",
    "remove_files",
    "resolve",
    "set_bytes",
    "write_setting",
]
