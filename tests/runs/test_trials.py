"""Long trials of whole runs: signals at random moments, too little memory. All of them are slow tests."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.production_runs import ROOT, content, whole_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs the signals and limits of Unix"),
]
EVENTS = 200_000
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
SCRIPT = "import signal, sys, tridentgen_command; sys.exit(tridentgen_command.main())"
INTERRUPTIBLE = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); print('begun', flush=True); "


def started(folder: Path, *options: str, before: str = INTERRUPTIBLE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", before + SCRIPT, "generate", "card.toml", "-o", "a.h5", *options],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["trident", "cevns"])
def test_fifty_runs_with_random_signals(tmp_path: Path, kind: str) -> None:
    """Up to three signals of a run at any moment, also of the imports; then it is resumed to the unbroken run's bits.

    What a process that may tidy up says is one line, and it leaves what can be resumed or nothing.
    """
    whole, output = whole_run(tmp_path, kind, events=EVENTS), tmp_path / "a.h5"
    begin = time.monotonic()
    first = started(tmp_path, "--resume")
    assert (first.communicate(timeout=300)[1], first.returncode) == ("", 0)
    usual_s = time.monotonic() - begin
    ends: list[int] = []
    for seed in range(50):
        rng = random.Random(seed)
        for path in tmp_path.glob("a.h5*"):
            path.unlink()
        for _ in range(rng.randint(1, 3)):
            process = started(tmp_path, "--resume")
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"  # until then a signal is Python's own
            time.sleep(rng.uniform(0.01, 1.1 * usual_s))
            number = rng.choice(ENDS)
            process.send_signal(number)
            if rng.random() < 0.3 and number != signal.SIGKILL:
                time.sleep(rng.uniform(0.0, 0.05))
                process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM]))
            said = process.communicate(timeout=120)[1]
            assert process.returncode in (0, 130, 143, *(-end for end in ENDS)), (seed, said)
            assert said.count("\n") <= 1, (seed, said)  # a second signal may come after the line
            assert said or process.returncode not in (130, 143), (seed, said)
            ends.append(process.returncode)
        process = started(tmp_path, "--resume")
        assert process.communicate(timeout=300)[1] == ""
        assert process.returncode == 0
        assert content(output) == content(whole.path), seed
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "card.toml", "whole.h5"]
    assert len(set(ends)) > 3


@pytest.mark.parametrize("threads", ["1", "2"])
def test_too_little_memory_is_one_line(tmp_path: Path, threads: str) -> None:
    """With any limit of the address space; what was begun is resumed without one."""
    whole, codes = whole_run(tmp_path, "cevns", events=EVENTS), []
    for mib in range(150, 1200, 50):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({mib << 20},) * 2); "
        process = started(tmp_path, "--force", "--threads", threads, before=limit)
        said = process.communicate(timeout=300)[1]
        codes.append(process.returncode)
        assert (process.returncode, said.count("\n")) in ((0, 0), (2, 1)), (mib, said)
    assert set(codes) == {0, 2}
    process = started(tmp_path, "--resume", "--force")
    assert (process.communicate(timeout=300)[1], process.returncode) == ("", 0)
    assert content(tmp_path / "a.h5") == content(whole.path)
