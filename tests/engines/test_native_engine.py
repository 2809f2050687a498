"""The native engine against the NumPy engine, bit for bit: training, sums, histograms, weights and events."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from tests.engines.cases import (
    CASES,
    ONE,
    TRAINING_POINTS,
    channels_of,
    host_compiler,
    joined,
    proposal,
    same_bits,
    same_columns,
    same_histograms,
    sampled,
)
from tests.repeats import slow_if
from tests.sampling.toys import Function, flat_proposal, random_density, three_peaks
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.work import TILE, available_cores
from tridentgen.flux import Monochromatic
from tridentgen.physics.elementary import Value, Values
from tridentgen.processes.trident.trident import Trident
from tridentgen.sampling.train import train

EVENTS = 100_000
"""Of each case: almost two millions in all."""

POINTS = 12 * TILE + 1
FIRST = 5_000_000_000
THREADS = (1, 2, 3)
REPEATS = (
    "e e of antineutrinos on everything, power law",
    "e e of antineutrinos on neutrons, kelly, fewer blocked",
    "Ge of a reactor, klein-nystrand",
    "C3F8, power law",
    "hydrogen and carbon in methane, prompt",
)
"""Those whose formulas, fluxes and form factors others have too."""

every_case = pytest.mark.parametrize("name", slow_if(lambda name: name in REPEATS, CASES))


@cache
def engine(threads: int, fast: bool = False) -> NativeEngine:
    return NativeEngine(host_compiler(fast=fast), threads)


@every_case
def test_training_gives_the_same_density(name: str) -> None:
    found = train(sampled(name), engine(2), 1, points=TRAINING_POINTS)
    assert found.digest == proposal(name).digest
    assert found.max_weight == proposal(name).max_weight


@every_case
def test_sums_are_the_same(name: str) -> None:
    for channel in channels_of(sampled(name)):
        density = proposal(name).channels[channel]
        expected = ONE.integrate(sampled(name), channel, density, 3, 4, POINTS)
        assert math.isfinite(expected.weight)
        assert expected.weight > 0.0
        for threads in THREADS:
            assert engine(threads).integrate(sampled(name), channel, density, 3, 4, POINTS) == expected


@every_case
def test_histograms_are_the_same(name: str) -> None:
    for channel in channels_of(sampled(name)):
        density = proposal(name).channels[channel]
        scale = ONE.integrate(sampled(name), channel, density, 3, 4, TILE).weight / TILE
        expected = ONE.histograms(sampled(name), channel, density, 3, 4, POINTS, scale)
        for threads in THREADS:
            found = engine(threads).histograms(sampled(name), channel, density, 3, 4, POINTS, scale)
            same_histograms(found, expected)


@every_case
def test_weights_are_the_same(name: str) -> None:
    channels, weights = ONE.weights(sampled(name), proposal(name), 3, 4, EVENTS // 2)
    assert set(np.flatnonzero(proposal(name).channel_share > 1e-3)) <= set(np.unique(channels))
    for threads in THREADS:
        found = engine(threads).weights(sampled(name), proposal(name), 3, 4, EVENTS // 2)
        same_bits(found[0], channels, "channels")
        same_bits(found[1], weights, "weights")


@every_case
def test_events_are_the_same_cut_anywhere(name: str) -> None:
    """Every column; 1, 2 and 3 threads on pieces that end anywhere, the first a single event."""
    rng = np.random.default_rng(sorted(CASES).index(name))
    ends = [0, 1, *(int(end) for end in np.sort(rng.choice(np.arange(2, EVENTS), 5, replace=False))), EVENTS]
    expected = ONE.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS)
    pieces = [
        engine(THREADS[i % 3]).events(sampled(name), proposal(name), 3, 4, FIRST + begin, end - begin)
        for i, (begin, end) in enumerate(pairwise(ends))
    ]
    same_columns(joined(pieces), expected)


@every_case
def test_kept_events_are_the_same(name: str) -> None:
    """Those that pass the decision with half of the weight that keeps all but 1e-4 of the cross section."""
    most = 0.5 * proposal(name).max_weight
    expected = ONE.events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS // 4, most)
    for threads in THREADS:
        same_columns(engine(threads).events(sampled(name), proposal(name), 3, 4, FIRST, EVENTS // 4, most), expected)


@every_case
def test_fast_weights_differ_in_the_last_digits_alone(name: str) -> None:
    """With fused multiply-add: half of the weights within 1e-13, 99.9 % of them within 1e-9."""
    _, expected = ONE.weights(sampled(name), proposal(name), 3, 4, EVENTS // 2)
    _, found = engine(1, fast=True).weights(sampled(name), proposal(name), 3, 4, EVENTS // 2)
    positive = expected > 0.0
    off = np.abs(found[positive] / expected[positive] - 1.0)
    assert np.median(off) < 1e-13
    assert np.quantile(off, 0.999) < 1e-9
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-11)


@pytest.mark.parametrize("strata", [(1, 1, 1, 1), (3, 2, 2, 5), (2, 1, 7, 1)], ids=str)
def test_any_density_gives_the_same(strata: tuple[int, ...]) -> None:
    """A toy on densities with uneven increments and cells, and strata that are no powers of two."""
    toy, rng = three_peaks(), np.random.default_rng(5)
    densities = tuple(random_density(rng, strata, increments) for increments in (11, 2, 1))
    mixed = Proposal(densities, np.array([0.5, 0.2, 0.3]), 1.0, 1e-4, "toy")
    for channel, density in enumerate(densities):
        expected = ONE.integrate(toy, channel, density, 2**64 - 1, 2**63, 5 * TILE)
        assert engine(2).integrate(toy, channel, density, 2**64 - 1, 2**63, 5 * TILE) == expected
        same_histograms(
            engine(2).histograms(toy, channel, density, 3, 4, 5 * TILE, 3.0),
            ONE.histograms(toy, channel, density, 3, 4, 5 * TILE, 3.0),
        )
    for found, wanted in zip(
        engine(3).weights(toy, mixed, 3, 4, 70_001), ONE.weights(toy, mixed, 3, 4, 70_001), strict=True
    ):
        same_bits(found, wanted)


def falling(x: Values) -> Value:
    total = 1.0
    for value in x:
        total = total * (1.5 - value)
    return total


@pytest.mark.parametrize("dimensions", [1, 7])
def test_one_dimension_and_the_most_there_are(dimensions: int) -> None:
    process = Function(falling, dimensions)
    density = random_density(np.random.default_rng(6), (2,) * dimensions)
    expected = ONE.integrate(process, 0, density, 3, 4, 3 * TILE)
    assert engine(1).integrate(process, 0, density, 3, 4, 3 * TILE) == expected
    same_histograms(
        engine(1).histograms(process, 0, density, 3, 4, 3 * TILE, 2.0),
        ONE.histograms(process, 0, density, 3, 4, 3 * TILE, 2.0),
    )


def spike(x: Values) -> Value:
    return np.where(x[0] < 0.5, 1e70, 1e-70)


def test_huge_and_tiny_weights_are_capped_alike() -> None:
    process, density = Function(spike), flat_proposal(2).channels[0]
    for scale in (1.0, 1e70):
        found = engine(2).histograms(process, 0, density, 3, 4, 4 * TILE, scale)
        same_histograms(found, ONE.histograms(process, 0, density, 3, 4, 4 * TILE, scale))


def test_processes_that_differ_in_numbers_do_not_share_them() -> None:
    """Two energies and two nuclei in turn: one text and one library, but each its own constants."""
    density = ChannelProposal.uniform(6, 16, (1,) * 6)
    processes = [
        Trident("numu", "mu-", "mu+", target=target).sampled(Monochromatic(energy))
        for target in ("Ar40", "Pb208")
        for energy in (5.0, 7.0)
    ]
    expected = [ONE.integrate(process, 0, density, 3, 4, TILE) for process in processes]
    assert len({sums.weight for sums in expected}) == 4
    for _ in range(2):
        assert [engine(1).integrate(process, 0, density, 3, 4, TILE) for process in processes] == expected


def test_threads_default_to_the_cores() -> None:
    assert NativeEngine(host_compiler()).threads == available_cores()
