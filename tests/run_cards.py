"""Small cards for tests of whole runs, and comparing what came of them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

CARD = """\
title = "Dimuons"

[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent", "diffractive"]

[flux]
kind = "monochromatic"
energy_GeV = 5.0

[sampling]
events = 4000
seed = 3
engine = "numpy"
training_points = 20_000

[output]
path = "events.h5"
"""

Columns = dict[str, NDArray[np.float64]]


def write_card(folder: Path, *changes: tuple[str, str], name: str = "card.toml") -> Path:
    """Write the card with some of its text changed."""
    text = CARD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def columns_of(path: Path) -> Columns:
    """Every column of an event file, read by h5py alone."""
    with h5py.File(path) as file:
        return {name: data[()] for name, data in file["events"].items()}


def assert_same(found: Columns, expected: Columns, leave_out: tuple[str, ...] = ()) -> None:
    """Every column has the same bits."""
    assert set(found) == set(expected)
    for name in set(found).difference(leave_out):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
