"""The control API: typed commands on an engine, their results, and the clients that send them.

    with find_running() as client:               # the running application
        client.call(PauseDownload(download_id))

Names are imported when they are first used: a script that embeds one text needs almost none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

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
        EstimateMemory,
        Favourites,
        FavouritesChange,
        GetFavourites,
        GetSettings,
        MemoryEstimate,
        OrderFavourites,
        ReloadSettings,
        SetFavourites,
        SettingsChange,
        SettingsState,
    )
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
    from preheat.replay import LimitCurve, LimitPoint
    from preheat.residency.decisions import Action, DecisionRecord, EvictionReason
    from preheat.usage import Counts, UsageBucket, UsageHistory
    from preheat.usage.stats import Figures
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.control.client": "ControlClient HttpClient base_url find_running open_client",
            "preheat.control.codec": "decode encode",
            "preheat.control.command": "Command Risk",
            "preheat.control.downloads": (
                "CancelDownload DownloadList ForgetDownload ListDownloads PauseDownload PullModel ResumeDownload"
            ),
            "preheat.control.figures": (
                "DecisionList GetHistory GetStats ListDecisions ReplayLimits StatsReport SteadyState"
            ),
            "preheat.control.host": "ControlHost",
            "preheat.control.hub": "Catalogue FoundModels GetCatalogue GetRepo SearchHub",
            "preheat.control.models": (
                "ExplainModel Explanation GetModel GetStatus ImportFile ImportedFile ListModels LoadModel "
                "ModelFacts ModelList MoveModelsFolder MovedFolder RemoveModel RemovedModel SkippedModel Status "
                "UnloadModel WatchStatus"
            ),
            "preheat.control.opening": "open_session",
            "preheat.control.preloading": "GetPlan Pause PausePreloading Plan PlannedModel ResumePreloading",
            "preheat.control.session": "EngineSession PortStatus empty_snapshot",
            "preheat.control.settings": (
                "AddFavourite ChangeModelSettings ChangeSettings DropFavourite Favourites FavouritesChange "
                "EstimateMemory GetFavourites GetSettings MemoryEstimate OrderFavourites ReloadSettings SetFavourites "
                "SettingsChange SettingsState"
            ),
            "preheat.core.snapshot": (
                "DownloadSnapshot DownloadState EngineSnapshot MemorySnapshot ModelSnapshot PreloadSnapshot "
                "RequestSnapshot State"
            ),
            "preheat.inference": "FinishReason GenerateRequest GenerationChunk Sampling",
            "preheat.models": "FoundModel OfferedFile OfferedVariant RepoOffer SuggestedModel",
            "preheat.replay": "LimitCurve LimitPoint",
            "preheat.residency.decisions": "Action DecisionRecord EvictionReason",
            "preheat.usage": "Counts UsageBucket UsageHistory",
            "preheat.usage.stats": "Figures",
        },
    )
