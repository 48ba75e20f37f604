"""The worker process: ``python -m preheat.inference.worker``. It holds one model and serves the engine over pipes.

The main thread loads and decodes. Another one reads frames, and ``Lanes`` have further ones that prepare requests. The
end of stdin ends the process at once, so that no worker outlives its engine.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from preheat.bugs import report_bug
from preheat.errors import EngineError, ModelLoadError, reason_of
from preheat.files import page_in, seems_resident
from preheat.inference import LoadOptions, LoadStages, ModelInfo, protocol
from preheat.inference.prefixes import PrefixOptions
from preheat.inference.protocol import FrameDecoder
from preheat.inference.request_size import longest_prompt
from preheat.inference.worker.backends import load_processor_backend
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.chat import renderer_pool, template_abilities
from preheat.inference.worker.embeddings import EmbeddingService
from preheat.inference.worker.failures import failure_of
from preheat.inference.worker.guarded_process import GuardedPool
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.loading import LoadControl, StageClock, TextBasis
from preheat.inference.worker.prefixes.ahead import ReadAhead
from preheat.inference.worker.repack_gain import measure_gain
from preheat.inference.worker.scheduling import DecodeError
from preheat.inference.worker.text_service import TextService
from preheat.inference.worker.threads import lower_priority, run_in_background, yield_processor
from preheat.inference.worker.vision import VisionEncoder
from preheat.messages import msg

logger = logging.getLogger(__name__)

Service: TypeAlias = TextService | EmbeddingService

_READ_BYTES: Final = 1 << 16
_SWITCH_INTERVAL_S: Final = 0.0005
"""The decode thread needs the interpreter back right after each step; Python's default is 5 ms."""

_PROGRESS_INTERVAL_S: Final = 0.05
_UNKNOWN_TOKENS_PER_S: Final = 100.0
"""First guess at the speed of prefill without a probe."""

_PREFILL_OVER_DECODE: Final = 8
"""First guess at how much faster a token is in prefill. Too low, and a short first prompt would be split."""


class Worker:
    """Serves one model until stdin ends."""

    def __init__(self, channel: Channel, renderers: GuardedPool) -> None:
        self._channel = channel
        self._renderers = renderers
        self._load: queue.SimpleQueue[LoadOptions] = queue.SimpleQueue()
        self._control = LoadControl()
        self._service: Service | None = None

    def run(self) -> None:
        """Load the model that the engine asks for, and serve it; return if the load failed."""
        with contextlib.suppress(EngineError):  # loading a model tries again, and reports it
            load_processor_backend()
        self._channel.send(protocol.Ready())
        self._renderers.start()  # it is warm when the model is loaded
        options = self._load.get()
        self._channel.pulse.decode.busy = True
        if options.embeddings:
            self._renderers.close()
            lower_priority()  # embeddings must not slow down a chat in another worker
        try:
            make = partial(make_hot, options, self._channel, self._renderers, self._control)
            lower = yield_processor if options.yields else lower_priority
            self._service, stages = run_in_background(make, lower) if options.warm_prefix else make()
        except EngineError as error:
            self._channel.send(protocol.LoadFailed(error))
            return
        self._channel.send(protocol.Probed(stages))
        while True:
            self._service.step(wait=True)

    def handle(self, frame: protocol.Frame | protocol.Unreadable) -> None:
        """Take a frame of the engine. Reading thread."""
        match frame:
            case protocol.Load(options):
                self._load.put(options)
            case protocol.HoldLoad(hold):
                self._control.hold(hold)
            case protocol.HurryLoad():
                self._control.hurry()
            case protocol.SavePrefixes(within_s, hands_over):
                if isinstance(self._service, TextService):
                    self._service.save_prefixes(within_s, hands_over)
                else:
                    self._channel.send(protocol.PrefixesSaved())
            case protocol.Ping():
                self._channel.send(protocol.Pulse(self._channel.pulse.busy()))
            case protocol.Unreadable(request_id, error):
                self._channel.send(protocol.Failed(request_id, failure_of("reading a request", error)))
            case protocol.Cancel(request_id):
                if self._service is not None:
                    self._service.cancel(request_id)
            case protocol.Generate() | protocol.Embed() | protocol.Tokenize() | protocol.Detokenize():
                assert self._service is not None, "a request before the model is hot"
                try:
                    self._service.submit(frame)
                except Exception as error:  # a bug must not cost the other requests
                    self._channel.send(protocol.Failed(frame.id, failure_of("preparing a request", error)))


def make_hot(
    options: LoadOptions, channel: Channel, renderers: GuardedPool, control: LoadControl
) -> tuple[Service, LoadStages]:
    """Load a model and return the service for it, and what the load consisted of.

    Args:
        options: What to load.
        channel: Gets the progress.
        renderers: Where the model's chat template runs.
        control: What the engine wants of the load.

    Raises:
        ModelLoadError: The model cannot be loaded.
        InsufficientMemoryError: The system has no memory for it.
    """
    beat = channel.pulse.decode.beat
    clock = StageClock(control)

    def may_continue() -> None:
        beat()
        control.wait()

    ahead = ReadAhead(options.prefixes or PrefixOptions())
    if not options.probe:  # a request waits
        ahead.start()
    control.on_hurry(ahead.start)
    disk_share = _page_in(options, channel, may_continue)
    read_s = clock.lap()
    basis = TextBasis(options, renderers, channel)
    model = LlamaModel(options, may_continue, basis.begin, lambda: control.hurried)

    def held() -> bool:
        return beat() or control.held

    def interrupted() -> bool:
        return held() or control.hurried

    model.interrupt_when(held if options.measure_gain else interrupted)
    template = model.chat_template()
    has_tools, thinks = template_abilities(template, model.chat_template("tool_use"))
    vision = _load_vision(model, options)
    info = ModelInfo(
        context_length=model.context_length,
        longest_prompt=longest_prompt(model.context_length, model.trained_length),
        embeddings=model.embeddings,
        dimensions=model.dimensions,
        chat_template=template is not None,
        parallel=options.parallel,
        infill=not model.embeddings and model.infill is not None,
        tools=has_tools,
        thinking=thinks,
        vision=vision is not None,
        device_bytes=model.device_bytes,
        repack_gain=measure_gain(model, options, may_continue, held) if options.measure_gain else None,
    )
    make_s = clock.lap()
    channel.send(protocol.Loaded(info))
    tokens_per_s = _probe(model, may_continue, control) if options.probe else _UNKNOWN_TOKENS_PER_S
    service: Service
    if model.embeddings:
        service = EmbeddingService(model, options, channel, shares=True)
    else:
        service = TextService(model, options, channel, tokens_per_s, basis.template, basis.identify, vision, ahead)
        if options.probe:  # no request waits
            service.warm_up(may_continue, lambda: control.hurried, computes=options.warm_prefix)
    model.interrupt_when(None)
    return service, LoadStages(read_s, make_s, clock.lap(), disk_share)


def _load_vision(model: LlamaModel, options: LoadOptions) -> VisionEncoder | None:
    """Return the model's image encoder. A broken one only costs the images."""
    if options.mmproj is None:
        return None
    try:
        return VisionEncoder(model, Path(options.mmproj), options.threads)
    except ModelLoadError as error:
        logger.warning("%s", error)
        return None


def _page_in(options: LoadOptions, channel: Channel, may_continue: Callable[[], object]) -> float | None:
    """Read the files into memory; return the share that was not there yet, or None if the system does not say."""
    reported_at = 0.0

    def report(done: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if now - reported_at >= _PROGRESS_INTERVAL_S or done == total:
            reported_at = now
            channel.send(protocol.Progress(done, total))
        may_continue()

    files = [Path(file) for file in options.files]
    try:
        total = sum(file.stat().st_size for file in files)
        if all(map(seems_resident, files)):
            report(total)
            return 0.0
        result = page_in(files, report)
        return result.read_bytes / max(total, 1) if result.is_known else None
    except OSError as error:
        file = Path(options.path).name
        raise ModelLoadError(msg("load_file_unreadable", file=file, reason=reason_of(error))) from error


def _probe(model: LlamaModel, may_continue: Callable[[], object], control: LoadControl) -> float:
    """Decode one token, then another to measure its time; return a guess at the speed of prefill, in tokens/s.

    The first one touches all weights and allocates buffers, which takes up to twice as long.
    """
    began = ended = 0.0
    for _ in range(2):
        is_done = False
        while not is_done:
            may_continue()
            if control.hurried:
                return _UNKNOWN_TOKENS_PER_S
            began = time.perf_counter()
            is_done = model.probe()
            ended = time.perf_counter()
    return _PREFILL_OVER_DECODE / (ended - began)


def _read_frames(descriptor: int, worker: Worker) -> None:
    """Handle frames until stdin ends, and end the process then, whatever the decode thread is doing."""
    try:
        decoder = FrameDecoder()
        while data := os.read(descriptor, _READ_BYTES):
            for frame in decoder.feed(data):
                worker.handle(frame)
    except BaseException as error:
        # Without its reader the process would hang. The engine sees its end and reports it.
        report_bug("reading frames", error)
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Run the worker."""
    # Native code may print to descriptor 1: the protocol gets its own.
    protocol_out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Ctrl-C and a service manager's stop reach the whole process group. The engine decides whether requests in progress
    # are finished, and ends this process by closing its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    # When memory runs out, Linux kills a worker, not the engine or another program.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    worker = Worker(Channel(protocol_out), renderer_pool())
    threading.Thread(target=_read_frames, args=(sys.stdin.fileno(), worker), daemon=True, name="reader").start()
    code = 0
    try:
        worker.run()
    except DecodeError as error:
        logger.error("%s", error)
        code = 1
    except Exception as error:  # Python's own report would quote a prompt
        report_bug("the decode thread", error)
        code = 1
    sys.stderr.flush()
    # Freeing gigabytes tensor by tensor takes longer than ending the process.
    os._exit(code)


if __name__ == "__main__":
    main()
