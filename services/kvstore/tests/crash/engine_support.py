"""Starting, killing and checking engine writers; disks that fail on demand."""

import contextlib
import ctypes
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hunch_kvstore.engine import Engine, Options, check

HERE = Path(__file__).parent
WRITER = HERE / "engine_writer.py"


def load_writer():
    spec = importlib.util.spec_from_file_location("engine_writer", WRITER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


writer = load_writer()


def start_writer(folder, sync, *, memory=1 << 30, commits=1 << 30, environ=None):
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(folder), sync, str(memory), str(commits)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | (environ or {}),
    )


def acks_of(data):
    """Return [(sequence, time in ns)] of whole acknowledgements."""
    size = writer.ACK.size
    return [
        writer.ACK.unpack_from(data, place)
        for place in range(0, len(data) - size + 1, size)
    ]


def kill(child):
    """SIGKILL a writer and return (what it wrote to its pipes)."""
    child.kill()
    out, err = child.communicate()
    return out, err


class States:
    """The keyspace at growing sequences, without beginning anew each time."""

    def __init__(self):
        self.sequence = 0
        self.model = {}

    def at(self, sequence):
        if sequence < self.sequence:
            self.__init__()
        while self.sequence < sequence:
            self.sequence += 1
            writer.apply(self.model, self.sequence)
        return self.model


def verify(folder, least, states, most=None):
    """Open the store, compare all of it, and return its sequence."""
    if least or (folder / "MANIFEST").exists():  # else it was not yet made
        report = check(folder)
        assert report.ok, report.lines()
    with Engine.open(folder, options=Options(log_chunk_bytes=1 << 16)) as engine:
        assert engine.sequence >= least, "acknowledged commits are lost"
        assert most is None or engine.sequence <= most
        expected = sorted(states.at(engine.sequence).items())
        assert list(engine.scan(b"")) == expected
        assert list(engine.scan(b"", reverse=True)) == expected[::-1]
        for key, value in expected[:: max(1, len(expected) // 50)]:
            assert engine.get(key) == value
        return engine.sequence


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def need_root_and(*programs):
    """Skip where a test cannot make file systems of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system")
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")


@contextlib.contextmanager
def mounted_tmpfs(where, size):
    need_root_and("mount")
    where.mkdir()
    try:
        run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no tmpfs can be mounted: {error.stderr}")
    try:
        yield where
    finally:
        run("umount", "-l", str(where))


@contextlib.contextmanager
def pages_forced_out(folder, seed):
    """Write single pages of the newest log to the disk early, in no order.

    A power cut then leaves frames torn in the middle, and later ones whole.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    rng = random.Random(seed)
    over = threading.Event()

    def shake():
        while not over.wait(0.001):
            with contextlib.suppress(OSError, ValueError):
                log = max(folder.glob("log-*"))
                with log.open("rb") as file:
                    page = rng.randrange(max(1, log.stat().st_size >> 12))
                    place = ctypes.c_int64(page << 12)
                    libc.sync_file_range(file.fileno(), place, ctypes.c_int64(4096), 7)

    thread = threading.Thread(target=shake)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class LoopDisk:
    """A disk in a file, whose power can be cut."""

    def __init__(self, folder, kind):
        need_root_and("mount", f"mkfs.{kind}", "xfs_io")
        self.image = folder / f"{kind}.img"
        self.place = folder / f"{kind}-mount"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(320 << 20)  # the least that xfs takes is 300
        options = ["-q"] if kind == "ext4" else ["-q", "-f"]
        run(f"mkfs.{kind}", *options, str(self.image))
        try:
            self.mount()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no loop device can be mounted: {error.stderr}")

    def mount(self):
        run("mount", "-o", "loop", str(self.image), str(self.place))

    def cut_power(self):
        """Everything not synced is gone; what comes after gets EIO."""
        run("xfs_io", "-x", "-c", "shutdown", str(self.place))

    def unmount(self):
        # A child of the killed process may take a moment to die with it.
        for _ in range(200):
            done = subprocess.run(
                ["umount", str(self.place)], check=False, capture_output=True
            )
            if done.returncode == 0:
                return
            time.sleep(0.01)
        run("umount", str(self.place))

    def remount(self):
        self.unmount()
        self.mount()
