"""The control API: typed commands on an engine, their results, and the clients that send them.

    with find_running() as client:               # the running application
        client.call(PauseDownload(download_id))

Names are imported when they are first used: a script that embeds one text needs almost none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.control.application import CheckForUpdate, Ending, GetDevices, GetUpdate, Quit, UpdateState
    from preheat.control.client import (
        ControlClient,
        HttpClient,
        ModelChoice,
        OnWait,
        base_url,
        find_running,
        open_client,
    )
    from preheat.control.codec import REF, FieldForm, Schemas, codec_of, decode, encode, field_forms
    from preheat.control.command import Command, Risk, place_of, result_type
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
        Day,
        DecisionList,
        GetColdStart,
        GetDay,
        GetHistory,
        GetStats,
        ListDecisions,
        ListRequests,
        ReplayLimits,
        RequestList,
        StatsReport,
        SteadyState,
    )
    from preheat.control.host import ControlHost
    from preheat.control.hub import (
        Catalogue,
        FoundModels,
        GetCard,
        GetCatalogue,
        GetHubAccount,
        GetRepo,
        SearchHub,
        Sort,
    )
    from preheat.control.keys import CreatedKey, CreateKey, KeyInfo, Keys, ListKeys, RevokeKey
    from preheat.control.live_settings import LiveSettings
    from preheat.control.models import (
        ExpectModel,
        ExplainModel,
        Explanation,
        GetModel,
        GetStatus,
        ImportedFile,
        ImportFile,
        ImportMode,
        ListModels,
        LoadModel,
        ModelFacts,
        ModelList,
        ModelsMove,
        MovedFile,
        MoveModels,
        RemovedModel,
        RemoveModel,
        Status,
        UnloadModel,
        WatchStatus,
    )
    from preheat.control.opening import open_session
    from preheat.control.own import loop_factory
    from preheat.control.preloading import (
        CachedModel,
        ClearedCache,
        ClearPrefixCache,
        EndedRoom,
        EndRoom,
        GetPlan,
        GetPrefixCache,
        LimitPreview,
        MadeRoom,
        MakeRoom,
        Pause,
        PausePreloading,
        Plan,
        PlannedForm,
        PlannedModel,
        PrefixCache,
        PreviewLimit,
        ResumePreloading,
        check_size,
        total_memory,
    )
    from preheat.control.request import choices_of, parse_command, parse_flag, wants_body
    from preheat.control.script_client import ScriptClient
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
    from preheat.control.status_changes import changes, merged
    from preheat.control.table import COMMANDS
    from preheat.control.timespan import parse_span
    from preheat.core import (
        DeviceMemory,
        DeviceShare,
        DownloadSnapshot,
        DownloadState,
        EngineSnapshot,
        MemorySnapshot,
        ModelSnapshot,
        PreloadSnapshot,
        PromptSnapshot,
        RequestSnapshot,
        RoomSnapshot,
        State,
    )
    from preheat.devices import Device, DeviceKind, DeviceList, DeviceProblem, DeviceSpeed, DeviceUse
    from preheat.inference import (
        Chat,
        ContentPart,
        FinishReason,
        GenerateRequest,
        GenerationChunk,
        Message,
        Role,
        Sampling,
        Usage,
        text_message,
    )
    from preheat.models import (
        FITS,
        HUES,
        BrokenFile,
        Fit,
        FitAnswer,
        FoundModel,
        Headroom,
        HubAccount,
        Leaving,
        OfferedFile,
        OfferedVariant,
        Pattern,
        RepoCard,
        RepoOffer,
        Sign,
        SignBook,
        SkippedFile,
        SuggestedModel,
        preferred_hue,
    )
    from preheat.prefixes import PrefixFigures
    from preheat.preload import PlannedStay
    from preheat.replay import REPLAYED_SETTINGS, LimitCurve, LimitPoint, RecentRequest
    from preheat.residency import Action, DecisionRecord, EvictionReason, Form, Outcome
    from preheat.updates import Release
    from preheat.usage import (
        ColdLoad,
        ColdStart,
        Counts,
        DayRequest,
        Figures,
        Lane,
        RequestRecord,
        Source,
        Stay,
        UsageBucket,
        UsageHistory,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.control.client": "ControlClient HttpClient ModelChoice OnWait base_url find_running open_client",
            "preheat.control.codec": "REF FieldForm Schemas codec_of decode encode field_forms",
            "preheat.control.command": "Command Risk place_of result_type",
            "preheat.control.downloads": (
                "CancelDownload DownloadList ForgetDownload ListDownloads PauseDownload PullModel ResumeDownload"
            ),
            "preheat.control.figures": (
                "Day DecisionList GetColdStart GetDay GetHistory GetStats ListDecisions ListRequests ReplayLimits "
                "RequestList StatsReport SteadyState"
            ),
            "preheat.control.host": "ControlHost",
            "preheat.control.hub": "Catalogue FoundModels GetCard GetCatalogue GetHubAccount GetRepo SearchHub Sort",
            "preheat.control.keys": "CreateKey CreatedKey KeyInfo Keys ListKeys RevokeKey",
            "preheat.control.live_settings": "LiveSettings",
            "preheat.control.models": (
                "ExpectModel ExplainModel Explanation GetModel GetStatus ImportedFile ImportFile ImportMode ListModels "
                "LoadModel ModelFacts ModelList ModelsMove MovedFile MoveModels RemovedModel RemoveModel Status "
                "UnloadModel WatchStatus"
            ),
            "preheat.control.opening": "open_session",
            "preheat.control.own": "loop_factory",
            "preheat.control.preloading": (
                "CachedModel ClearPrefixCache ClearedCache GetPlan GetPrefixCache LimitPreview Pause "
                "PausePreloading Plan PlannedForm PlannedModel PrefixCache PreviewLimit ResumePreloading "
                "EndRoom EndedRoom MadeRoom MakeRoom check_size total_memory"
            ),
            "preheat.control.request": "choices_of parse_command parse_flag wants_body",
            "preheat.control.script_client": "ScriptClient",
            "preheat.control.session": "EngineSession PortStatus empty_snapshot",
            "preheat.control.settings": (
                "AddFavourite ChangeModelSettings ChangeSettings DropFavourite EstimateMemory Favourites "
                "FavouritesChange GetFavourites GetSettings MemoryEstimate OrderFavourites ReloadSettings "
                "SetFavourites SettingsChange SettingsState"
            ),
            "preheat.control.status_changes": "changes merged",
            "preheat.control.table": "COMMANDS",
            "preheat.control.timespan": "parse_span",
            "preheat.control.application": "CheckForUpdate Ending GetDevices GetUpdate Quit UpdateState",
            "preheat.core": (
                "DeviceMemory DeviceShare DownloadSnapshot DownloadState EngineSnapshot MemorySnapshot ModelSnapshot "
                "PreloadSnapshot PromptSnapshot RequestSnapshot RoomSnapshot State"
            ),
            "preheat.devices": "Device DeviceKind DeviceList DeviceProblem DeviceSpeed DeviceUse",
            "preheat.inference": (
                "Chat ContentPart FinishReason GenerateRequest GenerationChunk Message Role Sampling Usage text_message"
            ),
            "preheat.models": (
                "BrokenFile FoundModel HubAccount OfferedFile OfferedVariant RepoCard RepoOffer SkippedFile "
                "SuggestedModel FITS Fit FitAnswer HUES Headroom Leaving Pattern Sign SignBook preferred_hue"
            ),
            "preheat.prefixes": "PrefixFigures",
            "preheat.preload": "PlannedStay",
            "preheat.replay": "REPLAYED_SETTINGS LimitCurve LimitPoint RecentRequest",
            "preheat.residency": "Action DecisionRecord EvictionReason Form Outcome",
            "preheat.updates": "Release",
            "preheat.usage": (
                "ColdLoad ColdStart Counts DayRequest Figures Lane RequestRecord Source Stay UsageBucket UsageHistory"
            ),
        },
    )
