"""Runs for the tests of production: small cards of both processes, shards, and commands that get killed."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import pytest

from tridentgen.engines.compiler import find_compiler
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.runs.run import Run, run

ROOT = Path(__file__).parents[1]
COUNT = 20_000

_HEAD = {
    "trident": """\
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent"]

[flux]
kind = "histogram"
edges_GeV = [1.0, 2.0, 4.0, 8.0]
values = [1.0, 3.0, 0.5]
""",
    "cevns": """\
[process]
kind = "cevns"
target = "CsI"

[flux]
kind = "pion-decay-at-rest"
distance_m = 19.3

[detector]
quenching = "csi-2021"
light_yield = 13.35

[detector.resolution]
kind = "gamma"
shape_per_keVee = 9.56

[detector.efficiency]
kind = "sigmoid"
amplitude = 1.32045
slope = 0.285979
centre = 10.8646
offset = -0.333322
unit = "PE"
""",
}
_CUTS = {"trident": "[cuts]\nenergy_plus_min_GeV = 0.5\n", "cevns": "[cuts]\nrecoil_energy_min_keV = 5.0\n"}

SMALL_BATCHES = (
    "import sys, tridentgen.runs.production; tridentgen.runs.production.BATCH = 4096; from tridentgen.cli import main; "
    "sys.exit(main(clock=lambda: 0.0))"
)
"""A command line whose batches are short, so that a short run has many; no clock makes it tell of its progress."""


def production_card(folder: Path, kind: str, *, cuts: bool = False, engine: str = "numpy", events: int = COUNT) -> Path:
    """Write a card for tridents in a flux or for coherent scattering in a detector."""
    text = _HEAD[kind] + f'[sampling]\nevents = {events}\nseed = 7\nengine = "{engine}"\ntraining_points = 20_000\n'
    path = folder / "card.toml"
    path.write_text(text + (_CUTS[kind] if cuts else ""), encoding="utf-8")
    return path


def shards(card: Path, folder: Path, edges: list[int], map_file: Path | None = None, **options: Any) -> list[Path]:
    """Make the events between neighbouring `edges`, a file each."""
    made = []
    for first, stop in itertools.pairwise(edges):
        path = folder / f"shard_{first}.h5"
        run(card, path, first=first, count=stop - first, map_file=map_file, **options)
        made.append(path)
    return made


def content(path: Path) -> str:
    """Return the hash over all columns of a file."""
    with h5py.File(path) as file:
        return str(file.attrs["content_hash"])


def attributes(path: Path) -> dict[str, Any]:
    """Return the root attributes of a file."""
    with h5py.File(path) as file:
        return dict(file.attrs)


def whole_run(folder: Path, kind: str, **options: Any) -> Run:
    """Return an unbroken run of a card made for it."""
    return run(production_card(folder, kind, **options), folder / "whole.h5")


def command(folder: Path, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start a command line with short batches, after a line of Python."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{SMALL_BATCHES}", *arguments],
        cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def need(engine: str) -> None:
    """Skip the test where an engine cannot work."""
    if engine == "native":
        try:
            find_compiler()
        except CompilerError as error:
            pytest.skip(str(error))
