from __future__ import annotations

import os
import subprocess
import sys

import psutil

from benchmarks.processes import Memory, end_tree, largest_memory, tree, tree_memory

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "print('up', flush=True); input()"], stdin=subprocess.PIPE)
child.wait()
"""


def test_memory_adds_up() -> None:
    assert Memory(1, 2) + Memory(3, 4) == Memory(4, 6)
    assert Memory(1, None) + Memory(3, 4) == Memory(4, None)


def test_a_tree_has_children_and_is_ended_with_them() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        pids = [found.pid for found in tree(process.pid)]
        assert len(pids) == 2
        assert largest_memory(process.pid).rss < tree_memory(process.pid).rss
        end_tree(process.pid, grace_s=0.1)
    assert not any(runs(pid) for pid in pids)


def runs(pid: int) -> bool:
    """A zombie does not exist: a container may have no process that reaps orphans."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_own_memory_is_plausible() -> None:
    found = largest_memory(os.getpid())
    assert found.rss > 10e6
    assert found.pss is None or found.pss <= found.rss


def test_an_ended_process_has_no_tree() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert tree(process.pid) == []
    end_tree(process.pid)
