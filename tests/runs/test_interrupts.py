"""Ctrl-C and SIGTERM: what they leave can be gone on with, and the bits are those of an unbroken run."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import pytest

from tests.production_runs import attributes, command, content, production_card, whole_run
from tridentgen.analysis.verify import require_sound
from tridentgen.errors import FileError
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.output import uninterrupted
from tridentgen.interrupts import Stopped, Terminated, terminable
from tridentgen.runs.distribution.dask_workers import dask_executor
from tridentgen.runs.run import run

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
SIGNALS = "import os, signal; os.setsid(); signal.signal(signal.SIGINT, signal.default_int_handler)"
SHARD: dict[str, Any] = {"first": 3000, "count": 13_000}


def interrupting(after: int, kind: type[KeyboardInterrupt] = KeyboardInterrupt) -> Callable[[str, float], None]:
    """Return a progress function that is a Ctrl-C at the `after`-th batch."""
    seen = []

    def progress(what: str, _share: float) -> None:
        seen.append(what)
        if seen.count("generating") == after:
            raise kind

    return progress


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(("kind", "cuts"), [("trident", True), ("cevns", False)])
def test_a_shard_that_is_interrupted_goes_on(tmp_path: Path, kind: str, cuts: bool) -> None:
    card = production_card(tmp_path, kind, cuts=cuts)
    expected = run(card, tmp_path / "expected.h5", **SHARD)
    with pytest.raises(Stopped, match=r"^interrupted after 5192 of 13000 events; continue with --resume$"):
        run(card, tmp_path / "a.h5", progress=interrupting(2), **SHARD)  # 1096 events lead to a multiple of 4096
    assert names(tmp_path) == ["a.h5.part", "card.toml", "expected.h5"]
    with pytest.raises(Stopped, match="interrupted after 9288 of 13000 events"):
        run(card, tmp_path / "a.h5", progress=interrupting(1), resume=True, **SHARD)
    found = run(card, tmp_path / "a.h5", resume=True, **SHARD)
    assert content(found.path) == content(expected.path)
    assert (found.sigma, found.error) == (expected.sigma, expected.error)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("unweight", [False, True])
def test_a_resumed_run_that_is_interrupted_goes_on(tmp_path: Path, unweight: bool) -> None:
    card = production_card(tmp_path, "cevns", cuts=True)
    expected = run(card, tmp_path / "expected.h5", unweight=unweight)
    for after in (1, 2):
        with pytest.raises(Stopped, match=r"of 20000 events; continue with --resume"):
            run(card, tmp_path / "a.h5", unweight=unweight, resume=True, progress=interrupting(after))
    assert content(run(card, tmp_path / "a.h5", unweight=unweight, resume=True).path) == content(expected.path)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("unweight", [False, True])
def test_a_terminated_run_keeps_its_weights(tmp_path: Path, unweight: bool) -> None:
    card = production_card(tmp_path, "trident")
    expected = run(card, tmp_path / "expected.h5", unweight=unweight)
    with pytest.raises(Terminated, match=r"^terminated after \d+ of 20000 events; continue with --resume$"):
        run(card, tmp_path / "a.h5", unweight=unweight, progress=interrupting(2, Terminated))
    assert names(tmp_path) == ["a.h5.part", "card.toml", "expected.h5"]
    assert content(run(card, tmp_path / "a.h5", unweight=unweight, resume=True).path) == content(expected.path)


def test_the_map_of_a_run_that_is_interrupted_early_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = production_card(tmp_path, "cevns")
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="interrupted after 0 of 20000 events"):
        patch.setattr("tridentgen.runs.production.event_batches", _interrupted)
        run(card, tmp_path / "a.h5", resume=True)
    assert names(tmp_path) == ["a.h5.part", "card.toml"]
    with pytest.raises(Stopped, match="interrupted after 0 of 20000 events"):
        run(card, tmp_path / "b.h5", resume=True, progress=_interrupted)
    assert names(tmp_path) == ["a.h5.part", "card.toml"]  # nothing was there yet


def _interrupted(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("unweight", [False, True])
def test_a_run_that_ctrl_c_had_ended_is_made_again(
    tmp_path: Path, unweight: bool, caplog: pytest.LogCaptureFixture
) -> None:
    card, output = production_card(tmp_path, "cevns"), tmp_path / "a.h5"
    expected = run(card, tmp_path / "expected.h5", unweight=unweight)
    run(card, output, unweight=unweight, progress=interrupting(3))
    early = output.read_bytes()
    with pytest.raises(FileError, match="to a different run"):
        run(card, output, unweight=unweight, resume=True, overrides=["sampling.seed=8"])
    assert not caplog.messages
    with pytest.raises(Stopped):
        run(card, output, unweight=unweight, resume=True, progress=interrupting(2))
    assert caplog.messages == [
        f"'{output}' belongs to an interrupted run whose weights were rescaled; repeating the run"
    ]
    assert output.read_bytes() == early
    seen: list[str] = []
    found = run(card, output, unweight=unweight, resume=True, progress=lambda what, _share: seen.append(what))
    assert set(seen) == {"generating"}  # with the map there was
    assert content(found.path) == content(expected.path)
    require_sound(output)
    assert names(tmp_path) == ["a.h5", "card.toml", "expected.h5"]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("unweight", [False, True])
def test_a_ctrl_c_in_the_last_moment_is_a_normal_end(
    tmp_path: Path, unweight: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    close = EventWriter.close

    def late(writer: EventWriter, complete: bool) -> None:
        if writer.is_open:
            signal.raise_signal(signal.SIGINT)
        close(writer, complete)

    monkeypatch.setattr(EventWriter, "close", late)
    try:
        made = run(production_card(tmp_path, "cevns"), tmp_path / "a.h5", unweight=unweight)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (made.complete, made.events) == (True, 20_000)
    assert attributes(tmp_path / "a.h5")["complete"] == 1


def wait_for_events(folder: Path, process: subprocess.Popen[str], events: int) -> None:
    """Wait until there are some events in the unfinished file."""
    part, deadline = folder / "a.h5.part", time.monotonic() + 60.0
    while not (part.exists() and part.stat().st_size > 100 * events):  # of a good 100 bytes each
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@posix
@pytest.mark.parametrize(
    ("number", "word", "code"), [(signal.SIGTERM, "terminated", 143), (signal.SIGINT, "interrupted", 130)]
)
def test_a_signal_to_a_shard(tmp_path: Path, number: int, word: str, code: int) -> None:
    card = production_card(tmp_path, "cevns", events=400_000)
    whole = run(card, tmp_path / "whole.h5", first=1000, count=300_000)
    options = ("--first", "1000", "--events", "300_000")
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", *options, before=SIGNALS)
    wait_for_events(tmp_path, process, 30_000)
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    with h5py.File(tmp_path / "a.h5.part") as file:
        done = file.attrs["n_done"]
    assert (process.returncode, out) == (code, "")
    assert error == f"tridentgen: {word} after {done} of 300000 events; continue with --resume\n"
    assert 0 < done < 300_000
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", *options, "--resume")
    assert (process.communicate(timeout=120)[1], process.returncode) == ("", 0)
    assert content(tmp_path / "a.h5") == content(whole.path)


@posix
@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs Dask")
def test_a_sigterm_to_all_processes_of_a_job(tmp_path: Path) -> None:
    """As Slurm sends it."""
    whole = whole_run(tmp_path, "cevns", events=200_000)
    process = command(tmp_path, "generate", "card.toml", "-o", "a.h5", "--workers", "2", before=SIGNALS)
    wait_for_events(tmp_path, process, 10_000)
    os.killpg(process.pid, signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out, error.count("\n")) == (143, "", 1)
    assert error.startswith("tridentgen: terminated after ")
    assert error.endswith(" of 200000 events; continue with --resume\n")
    assert content(run(tmp_path / "card.toml", tmp_path / "a.h5", resume=True).path) == content(whole.path)


@posix
def test_a_sigterm_waits_until_there_are_workers_to_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Workers:
        def __init__(self, *_arguments: object, **_named: object) -> None:
            signal.raise_signal(signal.SIGTERM)
            done.append("started")

        def __enter__(self) -> Workers:
            return self

        def __exit__(self, *_: object) -> None:
            done.append("closed")

    class Library:
        LocalCluster = Client = Workers
        Security = SimpleNamespace(temporary=lambda: None)

    monkeypatch.setitem(sys.modules, "distributed", Library)
    with terminable(), pytest.raises(Terminated), dask_executor(2):
        pass
    assert done == ["started", "started", "closed", "closed"]


@posix
def test_sigterm_is_held_back_raised_once_and_given_back() -> None:
    done = []

    def work() -> None:
        with terminable():
            try:
                with uninterrupted():
                    signal.raise_signal(signal.SIGINT)
                    signal.raise_signal(signal.SIGTERM)
                    done.append("all of it")
            finally:
                signal.raise_signal(signal.SIGTERM)
                done.append("tidied up")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        work()
    assert done == ["all of it", "tidied up"]
    assert signal.getsignal(signal.SIGTERM) is before


@posix
def test_a_handler_of_the_caller_stays_and_other_threads_have_none() -> None:
    seen = []

    def look() -> None:
        with terminable():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [before]
    own = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        look()
    finally:
        signal.signal(signal.SIGTERM, own)
    assert seen[1] is signal.SIG_IGN
