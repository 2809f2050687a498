"""MPI: the example of docs/production.md with three ranks makes the events of one process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.production_runs import ROOT, content, whole_run


def needs_mpi() -> str:
    """Return the path of mpiexec; skip the test where it or mpi4py is missing, or the two do not go together."""
    mpiexec = shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("needs mpiexec")
    found = subprocess.run(
        [mpiexec, "-n", "1", sys.executable, "-m", "mpi4py.bench", "helloworld"], capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    if found.returncode != 0:
        pytest.skip("needs mpi4py for the library of mpiexec: " + (found.stderr.splitlines() or ["?"])[-1])
    return mpiexec


def test_three_ranks_make_the_same_events(tmp_path: Path) -> None:
    mpiexec = needs_mpi()
    whole = whole_run(tmp_path, "cevns", events=60_000)
    (tmp_path / "card.toml").rename(tmp_path / "my.toml")
    text = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(from mpi4py.*?)```", text, re.DOTALL)
    assert example is not None
    (tmp_path / "make.py").write_text(example[1], encoding="utf-8")
    done = subprocess.run(
        [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures", "make.py"], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "events.h5") == content(whole.path)
