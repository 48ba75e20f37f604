"""The engine for the windows: snapshots as signals, and commands that never block the GUI thread."""

from preheat_gui.bridge.bridge import EngineBridge
from preheat_gui.bridge.generation import Generation, GenerationFigures
from preheat_gui.bridge.limit_curve import CurveState, LimitCurve, point_at
from preheat_gui.bridge.limit_preview import PreviewQuestion
from preheat_gui.bridge.opening import NO_OPTIONS, Opened, looks_at_start, open_engine
from preheat_gui.bridge.slow_question import SlowQuestion
from preheat_gui.bridge.threads import GuiDispatcher, TaskRunner, weak_callback
