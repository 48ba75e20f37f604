"""Stored prompts: their files, keys and models. For workers and the engine; imports nothing of either.

The files are the interface between processes: there is no index, and a missing file only means that it is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports
from preheat.inference.prefixes.blocks import BLOCK_TOKENS, Block, PrefixOptions, next_key, root_key

if TYPE_CHECKING:
    from preheat.inference.prefixes.disk_priority import lower_disk_priority
    from preheat.inference.prefixes.identity import identity_changes, model_identity, rope_class
    from preheat.inference.prefixes.reading import (
        SUFFIX,
        StoredBlock,
        block_path,
        list_blocks,
        mark_used,
        read_block,
        read_header,
    )
    from preheat.inference.prefixes.tier import (
        FoundFile,
        Limits,
        files_in,
        locked,
        model_folders,
        read_day,
        read_limits,
        remove,
        remove_abandoned,
        remove_empty_folders,
        remove_least,
        taken_bytes,
        write_day,
        write_limits,
    )
    from preheat.inference.prefixes.writing import NoRoomError, copy_block, make_private, write_block
else:
    # Every process imports this package, and only workers that keep prompts need the files.
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.inference.prefixes.disk_priority": "lower_disk_priority",
            "preheat.inference.prefixes.identity": "identity_changes model_identity rope_class",
            "preheat.inference.prefixes.reading": (
                "SUFFIX StoredBlock block_path list_blocks mark_used read_block read_header"
            ),
            "preheat.inference.prefixes.tier": (
                "FoundFile Limits files_in locked model_folders read_day read_limits remove remove_abandoned "
                "remove_empty_folders remove_least taken_bytes write_day write_limits"
            ),
            "preheat.inference.prefixes.writing": "NoRoomError copy_block make_private write_block",
        },
    )
