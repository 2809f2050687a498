from __future__ import annotations

import itertools
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import cases
from tests.sampling.toys import Function, flat_proposal, random_density, three_peaks
from tridentgen.engines import ENGINES, choose_engine
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import TILE, Words, available_cores, tree_sum
from tridentgen.errors import InputError
from tridentgen.flux import PowerLaw
from tridentgen.processes.trident.trident import Trident
from tridentgen.sampling.train import train
from tridentgen.typing import Columns

ONE = NumpyEngine(threads=1)
WAYS = [(threads, tiles) for threads in (1, 2, 3) for tiles in (1, 2, 5, 16)]
POINTS = 20 * TILE + 123


@pytest.fixture(scope="module", params=["toy", "trident"])
def sampled(request: pytest.FixtureRequest) -> tuple[Process, Proposal]:
    """A toy of three channels; and tridents of a spectrum on nucleus, protons and neutrons: six channels."""
    process: Process
    if request.param == "toy":
        process = three_peaks()
    else:
        flux = PowerLaw(index=1.0, energy_min_GeV=1.0, energy_max_GeV=20.0)
        process = Trident("numu", "e-", "e+", regime="total").sampled(flux)
    return process, train(process, ONE, 1, points=40_000)


@pytest.mark.parametrize(("threads", "tiles"), WAYS)
def test_sums_have_the_same_bits_however_the_work_is_cut(
    sampled: tuple[Process, Proposal], threads: int, tiles: int
) -> None:
    process, proposal = sampled
    engine = NumpyEngine(threads, tiles)
    for channel in (0, len(process.channels) - 1):
        density = proposal.channels[channel]
        assert engine.integrate(process, channel, density, 3, 4, POINTS) == ONE.integrate(
            process, channel, density, 3, 4, POINTS
        )


@pytest.mark.parametrize(("threads", "tiles"), WAYS)
def test_histograms_have_the_same_bits_however_the_work_is_cut(
    sampled: tuple[Process, Proposal], threads: int, tiles: int
) -> None:
    process, proposal = sampled
    density = proposal.channels[0]
    scale = ONE.integrate(process, 0, density, 3, 4, TILE).weight / TILE
    reference = ONE.histograms(process, 0, density, 3, 4, POINTS, scale)
    found = NumpyEngine(threads, tiles).histograms(process, 0, density, 3, 4, POINTS, scale)
    assert (found.points, found.weight) == (reference.points, reference.weight)
    for got, expected in zip(found[2:], reference[2:], strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(("threads", "tiles"), WAYS)
def test_events_have_the_same_bits_however_the_work_is_cut(
    sampled: tuple[Process, Proposal], threads: int, tiles: int
) -> None:
    process, proposal = sampled
    engine = NumpyEngine(threads, tiles)
    same(engine.events(process, proposal, 3, 4, 17, 30_000), ONE.events(process, proposal, 3, 4, 17, 30_000))
    for got, expected in zip(
        engine.weights(process, proposal, 3, 4, 30_000),
        ONE.weights(process, proposal, 3, 4, 30_000),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)


def same(found: Columns, expected: Columns) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(1, 19_999), min_size=1, max_size=4, unique=True))
def test_events_cut_anywhere_are_the_same(sampled: tuple[Process, Proposal], cuts: list[int]) -> None:
    process, proposal = sampled
    whole = ONE.events(process, proposal, 3, 4, 5_000_000_000, 20_000)
    ends = [0, *sorted(cuts), 20_000]
    parts = [
        ONE.events(process, proposal, 3, 4, 5_000_000_000 + begin, end - begin)
        for begin, end in itertools.pairwise(ends)
    ]
    same({name: np.concatenate([part[name] for part in parts]) for name in whole}, whole)


def test_weights_of_events_are_those_of_weights(sampled: tuple[Process, Proposal]) -> None:
    """The cheap path, without momenta, and the full one."""
    process, proposal = sampled
    channels, weights = ONE.weights(process, proposal, 3, 4, 20_000)
    events = ONE.events(process, proposal, 3, 4, 0, 20_000)
    np.testing.assert_allclose(events["weight"], weights, rtol=1e-14)
    assert len(np.unique(channels)) >= 2


KEPT = "e e of antineutrinos on everything, power law"


def test_kept_events_are_those_whose_weight_passes_the_decision() -> None:
    """Every column of the events of a full run with weight > accept * most; their share is that of the mean weight."""
    process, density = cases.sampled(KEPT), cases.proposal(KEPT)
    everything = ONE.events(process, density, 3, 4, 1000, 40_000)
    weight = ONE.weights(process, density, 3, 4, 41_000)[1][1000:]
    most = density.max_weight
    kept = weight > everything["accept"] * most
    cases.same_columns(
        ONE.events(process, density, 3, 4, 1000, 40_000, most), {name: a[kept] for name, a in everything.items()}
    )
    share = np.minimum(weight / most, 1.0).mean()
    assert abs(kept.mean() - share) < 4.0 * math.sqrt(share * (1.0 - share) / len(kept))


@pytest.mark.parametrize(
    ("dimensions", "spares", "expected"),
    [
        (1, 0, Words(4, 4, 1, 2, slice(3, 3))),
        (3, 3, Words(4, 8, 3, 4, slice(5, 8))),
        (4, 3, Words(8, 12, 4, 5, slice(6, 9))),
        (8, 3, Words(12, 16, 8, 9, slice(10, 13))),
    ],
)
def test_words_are_whole_blocks_and_none_is_used_twice(dimensions: int, spares: int, expected: Words) -> None:
    assert Words.of(Function(lambda x: x[0], dimensions, spares=spares)) == expected


def test_sums_are_those_of_the_definition() -> None:
    """Weights and pair differences added by `math.fsum` from single evaluations; rounding up to whole tiles."""
    toy = three_peaks()
    density = random_density(np.random.default_rng(2), (3, 2, 2, 2))
    found = ONE.integrate(toy, 0, density, 3, 4, 3 * TILE - 5)
    n = 3 * TILE
    assert found.points == n
    u = uniforms(3, 4, 0, n, 8)
    cells = np.searchsorted(np.cumsum(density.cell_share), (np.arange(n) + u[4]) / n, side="right")
    placed = density.place(np.minimum(cells, 23), u[:4])
    weight = toy.integrand(0, placed.x) * placed.inverse_density
    assert found.weight == pytest.approx(math.fsum(weight), rel=1e-14)
    assert found.pair_difference2 == pytest.approx(math.fsum((weight[::2] - weight[1::2]) ** 2), rel=1e-14)


def test_histograms_are_those_of_the_definition() -> None:
    toy = three_peaks()
    density = random_density(np.random.default_rng(2), (2, 2, 2, 2))
    scale = 4.0
    found = ONE.histograms(toy, 0, density, 3, 4, 2 * TILE, scale)
    u = uniforms(3, 4, 0, 2 * TILE, 8)
    cells = np.minimum((u[4] * 16).astype(int), 15)
    placed = density.place(cells, u[:4])
    relative = toy.integrand(0, placed.x) * placed.inverse_density / scale
    squares = np.rint(np.minimum(relative**2, 2.0**16) * 2.0**20)
    fourths = np.rint(np.minimum(relative**4, 2.0**16) * 2.0**20)
    assert found.points == 2 * TILE
    for i in range(4):
        expected = [squares[placed.increments[i] == k].sum() for k in range(11)]
        np.testing.assert_allclose(found.grid[i], expected, atol=2 * TILE)  # 1/scale is rounded, too
        np.testing.assert_array_equal(found.grid_points[i], np.bincount(placed.increments[i], minlength=11))
    np.testing.assert_allclose(found.cells, [fourths[cells == k].sum() for k in range(16)], rtol=1e-12, atol=2 * TILE)
    np.testing.assert_array_equal(found.cell_points, np.bincount(cells, minlength=16))
    assert np.all(found.grid == np.rint(found.grid))


def test_a_huge_weight_is_capped_in_histograms_and_kept_in_sums() -> None:
    spike = Function(lambda x: np.where(x[0] < 0.5, 1e70, 1.0))
    found = ONE.histograms(spike, 0, flat_proposal(2).channels[0], 1, 2, TILE, 1.0)
    heavy = int((uniforms(1, 2, 0, TILE, 4)[0] < 0.5).sum())
    assert found.cells[0] == heavy * 2.0**36 + (TILE - heavy) * 2.0**20
    assert found.weight == pytest.approx(heavy * 1e70, rel=1e-12)


def test_tree_sum_is_the_sum_by_halves() -> None:
    values = np.random.default_rng(1).normal(size=1024) * 10.0 ** np.arange(1024) ** 0.5

    def halves(v: list[float]) -> float:
        if len(v) == 1:
            return v[0]
        half = len(v) // 2
        return halves([a + b for a, b in zip(v[:half], v[half:], strict=True)])

    assert tree_sum(values) == halves(values.tolist())


@pytest.mark.parametrize("name", ["auto", "numpy"])
def test_choose_engine_gives_one_that_works(name: str) -> None:
    engine = choose_engine(name, 1)
    assert engine.name in ENGINES
    assert engine.name == "numpy" or name == "auto"
    found = engine.integrate(three_peaks(), 0, flat_proposal(4).channels[0], 1, 2, TILE)
    assert found.points == TILE


def test_threads_default_to_the_cores() -> None:
    assert NumpyEngine().threads == available_cores() >= 1


@pytest.mark.parametrize(
    ("name", "threads", "words"),
    [
        ("nunpy", None, ["unknown engine 'nunpy'", "did you mean 'numpy'?", "native"]),
        ("", 1, ["unknown engine ''", "auto"]),
        ("gpu", 1, ["unknown engine 'gpu'", "cuda"]),
        ("numpy", 0, ["threads = 0", "at least 1"]),
        ("auto", -3, ["threads = -3", "at least 1"]),
    ],
)
def test_choose_engine_says_what_is_wrong(name: str, threads: int | None, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        choose_engine(name, threads)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


GENERATE = """
import sys
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.flux import Monochromatic
from tridentgen.processes.trident import Trident
from tridentgen.sampling.generate import WeightSums, event_batches
from tridentgen.sampling.train import train

process = Trident("numu", "mu-", "mu+").sampled(Monochromatic(5.0))
engine = NumpyEngine(threads=2)
proposal = train(process, engine, 1, points=100_000)
sums = WeightSums()
for batch in event_batches(process, proposal, engine, 1, first=0, count=int(sys.argv[1])):
    sums.add(batch["weight"])
assert sums.trials == int(sys.argv[1])
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_events() -> None:
    """Peak memory of a run of 2 million events, all of whose columns would take 0.6 GB on top of the program."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc, which only Linux has")

    def peak_MB(events: int) -> float:
        ran = subprocess.run(
            [sys.executable, "-c", GENERATE, str(events)],
            env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(ran.stdout) / 1024

    large = peak_MB(2_000_000)
    assert large < 600.0
    assert large < peak_MB(500_000) + 200.0
