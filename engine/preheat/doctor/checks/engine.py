"""The running Preheat: whether it answers, its version, and what it reports itself."""

from __future__ import annotations

from collections.abc import Iterator

from preheat._version import __version__
from preheat.doctor.checks.port import Kind, holder_of, local_address
from preheat.doctor.context import RuntimeFile, running
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import EngineError
from preheat.messages import Message, render
from preheat.units import format_duration, format_memory


def check_engine() -> Iterator[Finding]:
    """Check the Preheat that runs for this user, if one does."""
    found = running()
    if found is None:
        yield to_do("doctor_not_running")
        return
    holder = holder_of(local_address(found.host), found.port)
    if holder.kind is not Kind.PREHEAT or holder.pid != found.pid:
        yield broken("doctor_no_answer", pid=found.pid, port=found.port)
        return
    yield from _status(found)
    if found.version != __version__:
        yield to_do("doctor_other_version", running=found.version or "?", installed=__version__)


def _status(found: RuntimeFile) -> Iterator[Finding]:
    from preheat.control import GetStatus, State, find_running

    try:
        with find_running() as client:
            status = client.call(GetStatus())
    except EngineError as error:
        yield broken("doctor_no_status", pid=found.pid, reason=error.title)
        return
    snapshot = status.snapshot
    hot = [model.model_id for model in snapshot.models if model.state is State.HOT]
    details = [f"up {format_duration(status.uptime_s)}, {len(snapshot.models)} models, {len(hot)} hot"]
    memory = snapshot.memory
    details.append(f"models use {format_memory(memory.used_bytes)} of {format_memory(memory.limit_bytes)}")
    if snapshot.preload.hold is not None:
        details.append(f"preloading waits: {snapshot.preload.hold}")
    yield good("doctor_running", version=snapshot.version, pid=status.pid, port=status.port, details=details)
    if snapshot.warning is not None:
        yield to_do("doctor_engine_warns", warning=snapshot.warning, remedy=_hint(snapshot.warning))
    if memory.pressure is not None:
        yield to_do("doctor_engine_warns", warning=memory.pressure, remedy=_hint(memory.pressure))
    for model in snapshot.models:
        if model.error is not None:
            yield broken("doctor_model_failed", model=model.model_id, error=model.error, remedy=_hint(model.error))


def _hint(message: Message) -> str:
    return render(message).hint
