"""The engine for the windows: snapshots as signals, and commands that never block the GUI thread."""

from preheat_gui.bridge.bridge import EngineBridge
from preheat_gui.bridge.dispatcher import GuiDispatcher, weak_callback
from preheat_gui.bridge.generation import Generation, GenerationFigures
from preheat_gui.bridge.remedies import act_on
from preheat_gui.bridge.task_runner import TaskRunner

__all__ = [
    "EngineBridge",
    "Generation",
    "GenerationFigures",
    "GuiDispatcher",
    "TaskRunner",
    "act_on",
    "weak_callback",
]
