"""Measures many people at once: each processor replays one person at a time.

``python -m preheat.replay.family_processes TASK`` reads the number of a person from each line of standard input, and
prints the result as a line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from queue import SimpleQueue
from tempfile import TemporaryFile
from typing import IO, Final

import psutil

from preheat.errors import EngineError
from preheat.installation import module_command
from preheat.messages import msg
from preheat.replay.family import FAMILY_DAYS
from preheat.replay.habits import Draws
from preheat.replay.yardstick import CACHE_SHARE, PersonResult, measure

_MODULE: Final = "preheat.replay.family_processes"
_LEAST_PEOPLE: Final = 4
"""People for each process: with fewer, its start takes longer than it saves."""

_ENDS_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class FamilyTask:
    """What is measured, in any process.

    Attributes:
        page_cache: As the setting of a size; a share is one of the limit.
        overrides: Settings that differ from those of the user, by name.
    """

    draws: Draws
    days: int = FAMILY_DAYS
    page_cache: str = f"{CACHE_SHARE:.0%}"
    overrides: Mapping[str, str] = field(default_factory=dict)

    def measure(self, people: Iterable[int]) -> Iterator[PersonResult]:
        """Yield the result of each person, in this process."""
        from preheat.replay.own_use import strategy_under
        from preheat.settings import Size, load_settings

        strategy = strategy_under(load_settings(self.overrides))
        return measure(self.draws, people, strategy, days=self.days, cache_of=Size(self.page_cache).resolve)


def measure_family(
    task: FamilyTask,
    people: Sequence[int],
    *,
    processes: int | None = None,
    measured: Callable[[int], object] = lambda count: None,
) -> list[PersonResult]:
    """Return the result of each person, in order. Takes about a second for each of them.

    Args:
        processes: Number of processes; by default one for each processor, none other than this one for a few people.
        measured: Called with the number of people measured so far.

    Raises:
        EngineError: A process failed.
    """
    count = min(_processors(), len(people) // _LEAST_PEOPLE) if processes is None else processes
    found = []
    with ExitStack() as stack:
        results = _in_processes(task, people, count, stack) if count > 1 else task.measure(people)
        for result in results:
            found.append(result)
            measured(len(found))
    return found


def _in_processes(task: FamilyTask, people: Sequence[int], count: int, stack: ExitStack) -> Iterator[PersonResult]:
    # The processes end before the threads that wait for their answers.
    threads = stack.enter_context(ThreadPoolExecutor(count))
    free = SimpleQueue[_Child]()
    for _ in range(count):
        free.put(stack.enter_context(_running(task)))

    def measured(person: int) -> PersonResult:
        child = free.get()
        try:
            return child.measure(person)
        finally:
            free.put(child)

    return threads.map(measured, people)


class _Child:
    """A process that measures one person at a time, and writes to ``errors`` why it fails."""

    def __init__(self, task: FamilyTask, errors: IO[bytes]) -> None:
        self._errors = errors
        self._process = subprocess.Popen(
            module_command(_MODULE, json.dumps(asdict(task))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def measure(self, person: int) -> PersonResult:
        """Return a person's result.

        Raises:
            EngineError: The process failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{person}\n")
            self._process.stdin.flush()
            return PersonResult(**json.loads(self._process.stdout.readline()))
        except (OSError, ValueError, TypeError) as error:
            raise EngineError(msg("replay_process_failed", reason=self._last_words())) from error

    def _last_words(self) -> str:
        """Return the last line that a process which is ending has written on standard error."""
        try:
            code = self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            code = None
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def _running(task: FamilyTask) -> Iterator[_Child]:
    """Run a process."""
    with TemporaryFile() as errors:
        child = _Child(task, errors)
        try:
            yield child
        finally:
            child.close()


def _processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1


def main() -> None:
    """Measure the people whose numbers arrive on standard input."""
    values = json.loads(sys.argv[1])
    task = FamilyTask(**{**values, "draws": Draws(values["draws"])})
    for line in sys.stdin:
        for result in task.measure([int(line)]):
            print(json.dumps(result.row()), flush=True)


if __name__ == "__main__":
    main()
