"""Unweighting of a weighted file: honest, reproducible, with the cross section kept."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.exchange.export.hepmc_text import read_text
from tests.exchange.export.samples import make
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.convert import export_events
from tridentgen.exchange.export.source import EventSource

FloatArray = NDArray[np.float64]
WEIGHTED = 400_000


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weighted") / "w.h5"
    make("coherent", WEIGHTED).to_hdf5(path)
    return path


def kept(path: Path, seed: int = 1) -> tuple[NDArray[np.int64], FloatArray, float]:
    """Return numbers and weights of the events that stay, and the largest weight."""
    with open_events(path) as file:
        source = EventSource(file, path, recoil="final", unweight=True, seed=seed)
        blocks = list(source.blocks())
        assert source.w_max is not None
        relative = np.concatenate([block.relative for block in blocks if block.relative is not None])
        assert source.facts().overweight == np.count_nonzero(relative > 1.0)
        assert source.facts().events == len(relative)
        return np.concatenate([block.number for block in blocks]), relative, source.w_max


def kolmogorov(x: FloatArray, sample: FloatArray, weight: FloatArray) -> float:
    """Return the probability of a larger distance between a sample and a weighted one (Kolmogorov 1933)."""
    order = np.argsort(sample)
    cumulated = np.cumsum(weight[order]) / np.sum(weight)
    expected = np.concatenate([[0.0], cumulated])[np.searchsorted(sample[order], np.sort(x), side="right")]
    steps = np.arange(len(x) + 1) / len(x)
    distance = max(np.max(np.abs(steps[1:] - expected)), np.max(np.abs(steps[:-1] - expected)))
    effective = np.sum(weight) ** 2 / np.sum(weight**2)
    t = distance * math.sqrt(len(x) * effective / (len(x) + effective))
    return float(2.0 * sum((-1) ** (k - 1) * math.exp(-2.0 * (k * t) ** 2) for k in range(1, 100)))


def test_distributions_stay(weighted: Path) -> None:
    events = tg.read(weighted)
    numbers, relative, _ = kept(weighted)
    assert len(numbers) > 100_000
    assert np.count_nonzero(relative > 1.0) < 1e-3 * len(relative)
    other = make("coherent", WEIGHTED, seed=2)  # independent of the events that were unweighted
    for name in ("q2", "w2", "m2_ll", "delta_theta", "theta_minus", "theta_plus", "recoil_energy"):
        mine = events[name][numbers]
        assert kolmogorov(mine, other[name], other["weight"]) > 1e-3, name


def test_weights_sum_to_the_cross_section(weighted: Path) -> None:
    """The sum of kept weights times w_max estimates the cross section; and each event stands for its share of it."""
    events = tg.read(weighted)
    sums = []
    for seed in range(8):
        numbers, relative, w_max = kept(weighted, seed)
        w = events["weight"][numbers]
        assert np.array_equal(relative, np.maximum(w / w_max, 1.0))
        sums.append(w_max * np.sum(relative))
    spread = w_max * math.sqrt(len(numbers) / len(sums))  # at most binomial
    assert np.mean(sums) == pytest.approx(events.sum_weights, abs=5.0 * spread, rel=0.0)
    over = events["weight"][events["weight"] > w_max]
    assert np.sum(over) <= 1e-4 * events.sum_weights


def test_the_seed_decides_and_blocks_do_not(weighted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers, relative, _ = kept(weighted)
    assert not np.array_equal(numbers, kept(weighted, 2)[0])
    monkeypatch.setattr("tridentgen.exchange.export.source.READ_ROWS", 50_000)
    monkeypatch.setattr("tridentgen.exchange.export.source.BLOCK_ROWS", 7_777)
    again = kept(weighted)
    assert np.array_equal(numbers, again[0])
    assert np.array_equal(relative, again[1])


def test_unweighted_files_stay_unweighted(weighted: Path, tmp_path: Path) -> None:
    """A file whose events have one weight but for overweight ones is written with weights 1 and more."""
    events = tg.read(weighted)
    few = {name: values[:500].copy() for name, values in events.columns.items()}
    few["weight"] = np.full(500, 2e-45)
    few["weight"][7] = 5e-45
    attributes = {**events.attributes, "overweight_events": 1, "sigma": float(np.sum(few["weight"]))}
    tg.Events(few, attributes, {}, events.schema).to_hdf5(tmp_path / "u.h5")
    done = export_events(tmp_path / "u.h5", tmp_path / "u.hepmc3")
    assert (done.overweight, done.weighted) == (1, True)
    file = read_text(tmp_path / "u.hepmc3")
    weights = [event.weights[0] for event in file.events]
    assert weights[7] == pytest.approx(2.5, rel=1e-15)
    assert set(weights[:7] + weights[8:]) == {1.0}
    assert file.attributes["tridentgen.WeightRule"].startswith("unweighted: a weight of 1 stands for 2.0000000000000")
    again = export_events(tmp_path / "u.h5", tmp_path / "u.hepevt", unweight=True)
    assert again.events == 500
