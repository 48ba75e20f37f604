"""The control API: typed commands on an engine, their results, and the clients that send them.

    with find_running() as client:               # the running application
        client.call(PauseDownload(download_id))

Names are imported when they are first used: a script that embeds one text needs almost none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from preheat.control.client import ControlClient, HttpClient, base_url, find_running, open_client
    from preheat.control.codec import decode, encode
    from preheat.control.command import Command, Risk
    from preheat.control.downloads import (
        CancelDownload,
        DownloadList,
        ForgetDownload,
        ListDownloads,
        PauseDownload,
        PullModel,
        ResumeDownload,
    )
    from preheat.control.figures import (
        DecisionList,
        GetHistory,
        GetStats,
        ListDecisions,
        ReplayLimits,
        StatsReport,
        SteadyState,
    )
    from preheat.control.host import ControlHost
    from preheat.control.hub import Catalogue, FoundModels, GetCatalogue, GetRepo, SearchHub
    from preheat.control.models import (
        ExplainModel,
        Explanation,
        GetModel,
        GetStatus,
        ImportedFile,
        ImportFile,
        ListModels,
        LoadModel,
        ModelFacts,
        ModelList,
        MovedFolder,
        MoveModelsFolder,
        RemovedModel,
        RemoveModel,
        SkippedModel,
        Status,
        UnloadModel,
        WatchStatus,
    )
    from preheat.control.opening import open_session
    from preheat.control.preloading import GetPlan, Pause, PausePreloading, Plan, PlannedModel, ResumePreloading
    from preheat.control.session import EngineSession, PortStatus, empty_snapshot
    from preheat.control.settings import (
        AddFavourite,
        ChangeModelSettings,
        ChangeSettings,
        DropFavourite,
        Favourites,
        FavouritesChange,
        GetFavourites,
        GetSettings,
        ReloadSettings,
        SetFavourites,
        SettingsChange,
        SettingsState,
    )
    from preheat.control.what_if import growth_bytes
    from preheat.core.live_settings import PORT_SETTINGS, START_SETTINGS
    from preheat.core.snapshot import (
        DownloadSnapshot,
        DownloadState,
        EngineSnapshot,
        MemorySnapshot,
        ModelSnapshot,
        PreloadSnapshot,
        RequestSnapshot,
        State,
    )
    from preheat.inference import FinishReason, GenerateRequest, GenerationChunk, Sampling
    from preheat.models import FoundModel, OfferedFile, OfferedVariant, RepoOffer, SuggestedModel
    from preheat.replay.limit_curve import LimitCurve, LimitPoint
    from preheat.residency.decisions import Action, DecisionRecord, EvictionReason
    from preheat.usage import Counts, UsageBucket, UsageHistory
    from preheat.usage.stats import Figures

_HOMES: Final = {
    "control.client": "ControlClient HttpClient base_url find_running open_client",
    "control.codec": "decode encode",
    "control.command": "Command Risk",
    "control.downloads": (
        "CancelDownload DownloadList ForgetDownload ListDownloads PauseDownload PullModel ResumeDownload"
    ),
    "control.figures": "DecisionList GetHistory GetStats ListDecisions ReplayLimits StatsReport SteadyState",
    "control.host": "ControlHost",
    "control.hub": "Catalogue FoundModels GetCatalogue GetRepo SearchHub",
    "control.models": (
        "ExplainModel Explanation GetModel GetStatus ImportFile ImportedFile ListModels LoadModel ModelFacts "
        "ModelList MoveModelsFolder MovedFolder RemoveModel RemovedModel SkippedModel Status UnloadModel "
        "WatchStatus"
    ),
    "control.opening": "open_session",
    "control.preloading": "GetPlan Pause PausePreloading Plan PlannedModel ResumePreloading",
    "control.session": "EngineSession PortStatus empty_snapshot",
    "control.settings": (
        "AddFavourite ChangeModelSettings ChangeSettings DropFavourite Favourites FavouritesChange "
        "GetFavourites GetSettings ReloadSettings SetFavourites SettingsChange SettingsState"
    ),
    "control.what_if": "growth_bytes",
    "core.live_settings": "PORT_SETTINGS START_SETTINGS",
    "core.snapshot": (
        "DownloadSnapshot DownloadState EngineSnapshot MemorySnapshot ModelSnapshot PreloadSnapshot "
        "RequestSnapshot State"
    ),
    "inference": "FinishReason GenerateRequest GenerationChunk Sampling",
    "models": "FoundModel OfferedFile OfferedVariant RepoOffer SuggestedModel",
    "replay.limit_curve": "LimitCurve LimitPoint",
    "residency.decisions": "Action DecisionRecord EvictionReason",
    "usage": "Counts UsageBucket UsageHistory",
    "usage.stats": "Figures",
}
"""Names by module, below ``preheat``."""

_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"preheat.{_HOME_OF[name]}"), name)
