"""What needs a process of its own: signals, terminals, pipes."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.command_line import Command
from tests.run_cards import write_card

ROOT = Path(__file__).parents[1]
COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from tridentgen.cli import main; sys.exit(main())"
)
SLOW = ["--engine", "numpy", "--threads", "1"]


@contextlib.contextmanager
def started(folder: Path, *arguments: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """A command that runs on its own; it is ended with the block if it has not ended itself."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    channels = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], cwd=folder, env=environment, text=True, **channels
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60.0
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_ends_with_a_valid_file(folder: Path, cli: Command, event_file: Path) -> None:
    part = folder / "a.h5.part"
    with started(folder, "generate", "card.toml", "-o", "a.h5", "--events", "100_000_000", *SLOW) as process:
        # A batch of events, 131072, takes more than 30 MB.
        wait_for(lambda: part.exists() and part.stat().st_size > 20_000_000, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    trials = int(re.search(r"^  events +(\d+)$", out, re.MULTILINE)[1])  # type: ignore[index]
    assert err == (
        f"tridentgen: interrupted after {trials} of 100000000 events; 'a.h5' holds them, "
        "with weights that sum to the cross section\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["a.h5", "card.toml"]
    found, whole = cli("info", "a.h5", "--json").json, cli("info", event_file, "--json").json
    attributes = found["attributes"]
    assert (attributes["complete"], attributes["n_trials"], found["events"]) == (0, trials, trials)
    assert found["sum_weight"] == pytest.approx(attributes["sigma"], rel=1e-12, abs=0.0)
    errors = np.hypot(attributes["sigma_error"], whole["attributes"]["sigma_error"])
    assert abs(found["sum_weight"] - whole["sum_weight"]) < 4.0 * errors


def test_the_package_is_a_command_too(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "tridentgen", "generate", "nothing.toml"]
    found = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (2, "", 1)


def terminal_output(terminal: int, until: Callable[[str], bool]) -> str:
    """Read what a process draws on a terminal until it is enough or has ended."""
    seen = b""
    while not until(seen.decode(errors="replace")):
        readable, _, _ = select.select([terminal], [], [], 60.0)
        assert readable, seen
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
    return seen.decode(errors="replace")


@contextlib.contextmanager
def pseudo_terminal() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: ours and the one for the process."""
    if sys.platform == "win32":
        pytest.skip("no pseudo-terminals on this system")
    import fcntl
    import termios

    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        yield ours, theirs
    finally:
        os.close(ours)


def test_ctrl_c_while_training_leaves_nothing(folder: Path) -> None:
    arguments = ["generate", "card.toml", "--set", "sampling.training_points=1000000000", *SLOW]
    with pseudo_terminal() as (ours, theirs), started(folder, *arguments, stderr=theirs) as process:
        os.close(theirs)
        terminal_output(ours, lambda text: "%|" in text)  # the bar is drawn before the training starts
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        drawn = terminal_output(ours, lambda text: "interrupted\r\n" in text)
        assert process.wait(timeout=60) == 130
    assert drawn.endswith("tridentgen: interrupted\r\n")
    assert "Traceback" not in drawn
    assert [path.name for path in folder.iterdir()] == ["card.toml"]


def test_progress_is_drawn_on_a_terminal(folder: Path) -> None:
    with pseudo_terminal() as (ours, theirs), started(folder, "generate", "card.toml", stderr=theirs) as process:
        os.close(theirs)
        drawn = terminal_output(ours, lambda _: False)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("Dimuons\n")  # the bar is not mixed with the results
    assert re.search(r"training coherent_plus +\d+%\|", drawn)
    assert re.search(r"generating +100%\|", drawn)


def test_progress_is_silent_in_a_pipe(folder: Path) -> None:
    with started(folder, "generate", "card.toml") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "\r" not in out


def test_a_reader_that_leaves_early_is_no_error(folder: Path) -> None:
    with started(folder, "cards", "quickstart") as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_a_terminal_cannot_show_is_escaped(folder: Path) -> None:
    write_card(folder, ('"Dimuons"', '"Dimuons \u03bc"'))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    words: Sequence[str] = [sys.executable, "-c", COMMAND, "info", "card.toml"]
    found = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Dimuons \\u03bc\n")
