from __future__ import annotations

import math
import platform
from fractions import Fraction
from importlib.metadata import version

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sampling.toys import three_peaks
from tridentgen.engines import choose_engine
from tridentgen.engines.compiler import find_compiler
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import TILE
from tridentgen.errors import InputError
from tridentgen.events.weights import WeightSums, divide_weights
from tridentgen.sampling.generate import event_batches, generate_events, run_attributes, software
from tridentgen.sampling.train import train

ENGINE = NumpyEngine(threads=1)
TOY = three_peaks()


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return train(TOY, ENGINE, 1, points=300_000)


def test_sum_of_weights_is_the_known_integral(proposal: Proposal) -> None:
    """Pulls of 50 independent runs of 20 000 events: mean 0 and width 1 within 4 of their errors."""
    pulls = []
    for seed in range(50):
        events = generate_events(TOY, proposal, ENGINE, seed, 20_000, {})
        pulls.append((events.attributes["sigma"] - 4.0) / events.attributes["sigma_error"])
    assert abs(np.mean(pulls)) < 4.0 / math.sqrt(50)
    assert abs(np.std(pulls) - 1.0) < 4.0 / math.sqrt(100)


def test_events_follow_the_density(proposal: Proposal) -> None:
    """Weighted means of both coordinates, and the correlation in the first peak, are the toy's."""
    events = generate_events(TOY, proposal, ENGINE, 3, 400_000, {})
    weight = events["weight"]
    for i in (0, 1):
        off = events["pair"][:, i] - TOY.mean(i)
        assert abs(np.sum(weight * off)) < 4.0 * math.sqrt(np.sum((weight * off) ** 2))
    first = events["channel"] == 0
    u, v = (events["pair"][first] - np.array(TOY.peaks[0].centre[:2])).T / 0.07
    product = u * v - 0.6
    assert abs(np.sum(weight[first] * product)) < 4.0 * math.sqrt(np.sum((weight[first] * product) ** 2))
    share = np.sum(weight[first]) / np.sum(weight)
    assert share == pytest.approx(0.75, abs=4.0 * math.sqrt(0.25 * 0.75 / 400_000))


def test_spare_numbers_are_uniform_and_do_not_know_the_event(proposal: Proposal) -> None:
    events = generate_events(TOY, proposal, ENGINE, 3, 200_000, {})
    spare = events["spare"]
    assert np.all((spare > 0.0) & (spare < 1.0))
    assert np.abs(spare.mean(axis=0) - 0.5).max() < 4.0 / math.sqrt(12 * 200_000)
    together = np.column_stack([spare, events["pair"], events["weight"]])
    correlation = np.corrcoef(together.T)[:3]
    correlation[:, :3] -= np.eye(3)
    assert np.abs(correlation).max() < 4.5 / math.sqrt(200_000)


def test_unweighting_keeps_the_distribution(proposal: Proposal) -> None:
    (batch,) = event_batches(TOY, proposal, ENGINE, 8, first=0, count=100_000)
    ratio = batch["weight"] / proposal.max_weight
    kept = batch["accept"] < ratio
    left = np.maximum(ratio[kept], 1.0)
    assert kept.mean() == pytest.approx(4.0 / proposal.max_weight, rel=0.03)
    for i in (0, 1):
        off = left * (batch["pair"][kept, i] - TOY.mean(i))
        assert abs(off.sum()) < 4.0 * math.sqrt(np.sum(off**2))


@settings(max_examples=15, deadline=None)
@given(
    first=st.integers(0, 30_000),
    count=st.integers(1, 30_000),
    batch=st.sampled_from([1 << 12, 1 << 13, 10_000, 1 << 17]),
)
def test_any_range_of_events_is_a_slice_of_the_whole(proposal: Proposal, first: int, count: int, batch: int) -> None:
    whole = ENGINE.events(TOY, proposal, 11, 0, 0, 60_000)
    batches = list(event_batches(TOY, proposal, ENGINE, 11, first=first, count=count, batch=batch))
    ends = first + np.cumsum([len(b["weight"]) for b in batches])
    assert ends[-1] == first + count
    assert np.all(ends[:-1] % batch == 0)
    for name, values in whole.items():
        joined = np.concatenate([b[name] for b in batches])
        np.testing.assert_array_equal(joined, values[first : first + count])
    np.testing.assert_array_equal(
        np.concatenate([b["event_id"] for b in batches]), np.arange(first, first + count, dtype=np.uint64)
    )


def test_weights_and_their_parts_are_divided_by_the_number_of_events(proposal: Proposal) -> None:
    raw = ENGINE.events(TOY, proposal, 2, 0, 0, 5000)
    events = generate_events(TOY, proposal, ENGINE, 2, 5000, {"title": "toy", "sigma": 0.0})
    np.testing.assert_array_equal(events["weight"], raw["weight"] / 5000)
    np.testing.assert_array_equal(events["weight_ll"], raw["weight_ll"] / 5000)
    np.testing.assert_array_equal(events["pair"], raw["pair"])
    assert "accept" not in events.columns
    assert events.attributes["title"] == "toy"
    assert events.attributes["complete"] == 1
    assert events.attributes["n_trials"] == 5000
    assert (
        events.attributes["sigma"]
        == events.attributes["sum_w"]
        == pytest.approx(events.sum_weights, rel=1e-13, abs=0.0)
    )
    assert events.attributes["sum_w2"] == pytest.approx(np.sum(events["weight"] ** 2), rel=1e-13, abs=0.0)
    assert events.attributes["map_hash"] == proposal.digest
    columns = {"weight": np.array([4.0]), "weight_rr": np.array([2.0]), "pair": np.array([[1.0, 2.0]])}
    divide_weights(columns, ("weight", "weight_rr"), 4)
    assert (columns["weight"][0], columns["weight_rr"][0], columns["pair"][0, 0]) == (1.0, 0.5, 1.0)


@pytest.mark.parametrize("events", [0, -5, 10**9 + 1])
def test_impossible_numbers_of_events_are_refused(proposal: Proposal, events: int) -> None:
    with pytest.raises(InputError, match=f"events = {events}"):
        generate_events(TOY, proposal, ENGINE, 1, events, {})


def sums_of(weights: np.ndarray, batch: int) -> WeightSums:
    sums = WeightSums()
    for begin in range(0, len(weights), batch):
        sums.add(weights[begin : begin + batch])
    return sums


def test_weight_sums_do_not_depend_on_the_batches() -> None:
    weights = np.random.default_rng(1).lognormal(sigma=3.0, size=200_123) * 1e-42
    whole = sums_of(weights, len(weights))
    for tiles in (1, 2, 5, 32):
        part = sums_of(weights, tiles * TILE)
        assert (part.trials, part.sum, part.sum_of_squares, part.error) == (
            whole.trials,
            whole.sum,
            whole.sum_of_squares,
            whole.error,
        )
    exact = sum((Fraction(float(w)) for w in weights), Fraction(0))
    squares = sum((Fraction(float(w)) ** 2 for w in weights), Fraction(0))
    assert whole.sum == pytest.approx(float(exact), rel=1e-15)
    assert whole.sum_of_squares == pytest.approx(float(squares), rel=2e-15)


@pytest.mark.slow
def test_sums_of_more_than_a_billion_trials_do_not_drift() -> None:
    """2^30 + 2^21 trials of weights around 1e-50: added one after the other, the error would be 1e-12 and more."""
    weights, batches = np.random.default_rng(3).uniform(size=1 << 21) * 1e-50, (1 << 9) + 1
    sums = WeightSums()
    for _ in range(batches):
        sums.add(weights)
    assert sums.trials == (1 << 30) + (1 << 21)
    assert sums.sum == pytest.approx(batches * math.fsum(weights), rel=2e-16 * 12, abs=0.0)  # 12 levels in a tile
    assert sums.sum_of_squares == pytest.approx(batches * math.fsum(weights**2), rel=2e-16 * 12, abs=0.0)
    assert sums.error == pytest.approx(np.std(weights) * math.sqrt(sums.trials), rel=1e-9, abs=0.0)


def test_weight_sums_hold_the_textbook_formulas() -> None:
    weights = np.random.default_rng(2).uniform(size=10_000) / 10_000
    sums = sums_of(weights, 10_000)
    assert sums.trials == 10_000
    assert sums.error == pytest.approx(np.std(weights, ddof=1) * 100.0, rel=1e-12)
    assert sums.effective_share == pytest.approx(weights.sum() ** 2 / (10_000 * np.sum(weights**2)), rel=1e-13)
    assert sums.effective_share == pytest.approx(0.75, rel=0.01)
    doubled = sums.scaled(2.0)
    assert (doubled.sum, doubled.trials) == (2.0 * sums.sum, 10_000)
    assert doubled.error == pytest.approx(2.0 * sums.error, rel=1e-14)
    assert doubled.effective_share == pytest.approx(sums.effective_share, rel=1e-14)


def test_weight_sums_of_equal_or_no_weights_have_no_error() -> None:
    assert sums_of(np.full(4096, 0.5), 4096).error == 0.0
    assert sums_of(np.full(4096, 0.5), 4096).effective_share == 1.0
    nothing = sums_of(np.zeros(100), 100)
    assert (nothing.sum, nothing.error, nothing.effective_share) == (0.0, 0.0, 0.0)
    assert sums_of(np.ones(1), 1).error == 1.0  # one trial says nothing about the spread


def test_run_attributes_describe_the_run(proposal: Proposal) -> None:
    sums = sums_of(np.full(5000, 1e-3), 5000)
    found = run_attributes(sums, 7, NumpyEngine(), proposal)
    assert found["seed"] == 7
    assert found["engine"] == "numpy"
    assert found["sigma"] == pytest.approx(5.0)
    assert found["n_trials"] == 5000
    assert found["map_hash"] == proposal.digest
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["vegas"] == version("vegas")
    assert "compiler" not in found


@pytest.mark.parametrize("engine", ["native", "auto"])
def test_the_compiler_of_the_kernels_is_named(engine: str) -> None:
    try:
        compiler = find_compiler()
    except CompilerError as error:
        pytest.skip(str(error))
    assert software(choose_engine(engine))["compiler"] == compiler.version


def test_batches_end_at_multiples_of_their_size(proposal: Proposal) -> None:
    """Wherever the events begin: memory and the sums of a resumed run depend on it."""
    for first, count, ends in ((0, 250, [100, 200, 250]), (30, 250, [100, 200, 280]), (100, 100, [200]), (7, 5, [12])):
        batches = event_batches(TOY, proposal, ENGINE, 8, first=first, count=count, batch=100)
        assert [int(batch["event_id"][-1]) + 1 for batch in batches] == ends
