from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.sampling.toys import Function, Peak, Toy, flat_proposal, three_peaks
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import TILE, Sums
from tridentgen.physics.elementary import Value, Values
from tridentgen.sampling.integrate import CrossSection, cross_section
from tridentgen.sampling.train import train

ENGINE = NumpyEngine(threads=1)
SMALL = Toy((Peak(3.0, (0.45, 0.55), 0.07, 0.6), Peak(1.0, (0.6, 0.5), 0.05, -0.5)))


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return train(three_peaks(), ENGINE, 1, points=300_000)


def test_value_is_the_known_integral(proposal: Proposal) -> None:
    for rel_error in (3e-3, 2e-4):
        found = cross_section(three_peaks(), proposal, ENGINE, 5, rel_error=rel_error)
        assert found.reached
        assert found.error <= rel_error * found.value
        assert abs(found.value - 4.0) < 4.0 * found.error
        assert found.engine == "numpy"
        assert found.seconds > 0.0
        assert found.iterations >= 5
        assert found.points >= found.iterations * (1 << 16)


@pytest.mark.parametrize(("rel_error", "runs"), [(1e-2, 100), (1.5e-4, 40)])
def test_pulls_have_unit_width(rel_error: float, runs: int) -> None:
    """(value - truth)/error over many seeds: mean 0, width 1; chi2/dof: mean 1, of 4 degrees of freedom or more.

    With n runs the width is known to 1/sqrt(2n), 0.07 for 100 and 0.11 for 40, the mean to 1/sqrt(n), the mean of
    chi2/dof to sqrt(2/4/n); limits are 3 of these or wider. In the second case iterations grow beyond their first size.
    """
    density = train(SMALL, ENGINE, 1, points=20_000)
    found = [cross_section(SMALL, density, ENGINE, seed, rel_error=rel_error) for seed in range(100, 100 + runs)]
    pulls = np.array([(f.value - 4.0) / f.error for f in found])
    assert abs(pulls.mean()) < 4.0 / math.sqrt(runs)
    assert abs(pulls.std() - 1.0) < 3.0 / math.sqrt(2 * runs)
    assert abs(np.mean([f.chi2_dof for f in found]) - 1.0) < 4.0 * math.sqrt(0.5 / runs)
    assert np.all(np.abs(pulls) < 4.5)
    if rel_error < 1e-3:
        assert found[0].points > 6 * (1 << 16)


def test_cells_leave_only_the_spread_inside_them() -> None:
    """Of f = x in n equal cells a variance of 1/(12 n^2) is left: the error by hand, and the spread of 50 seeds."""
    density = flat_proposal(1, strata=(64,))
    found = [
        cross_section(Function(lambda x: x[0], dimensions=1), density, ENGINE, seed, rel_error=1e-2)
        for seed in range(50)
    ]
    error = 1.0 / (64.0 * math.sqrt(12.0 * found[0].points))
    for f in found:
        assert f.error == pytest.approx(error, rel=0.02)
        assert abs(f.value - 0.5) < 4.0 * error
    assert np.std([f.value for f in found]) == pytest.approx(error, rel=4.0 / math.sqrt(100))


def test_result_depends_on_the_seed_and_not_on_the_threads(proposal: Proposal) -> None:
    def run(engine: NumpyEngine, seed: int) -> tuple[object, ...]:
        found = cross_section(three_peaks(), proposal, engine, seed, rel_error=1e-3)
        return dataclasses.astuple(dataclasses.replace(found, seconds=0.0))

    one = run(ENGINE, 5)
    assert run(NumpyEngine(threads=2), 5) == one
    assert run(NumpyEngine(threads=3, tiles_per_block=1), 5) == one
    assert run(ENGINE, 6) != one


def test_a_constant_is_exact() -> None:
    """Neither spread nor error, and no division by them."""
    found = cross_section(Function(lambda x: 2.5 + 0.0 * x[0]), flat_proposal(2), ENGINE, 1, rel_error=1e-3)
    assert found.value == 2.5
    assert found.error == 0.0
    assert found.chi2_dof == 0.0
    assert found.reached
    assert found.warnings == ()


def test_stops_at_the_points_allowed_and_says_so() -> None:
    found = cross_section(three_peaks(), flat_proposal(4, 3), ENGINE, 1, rel_error=1e-6, max_points=1_000_000)
    assert not found.reached
    assert 1_000_000 <= found.points < 2_000_000
    assert found.points % TILE == 0
    assert any("stopped at" in text and str(found.points) in text for text in found.warnings)
    assert abs(found.value - 4.0) < 4.0 * found.error


@dataclass
class Drawn:
    """An engine of one channel; its estimates scatter about 1 by the pulls times `factor` times their error."""

    pulls: Iterator[float]
    factor: float = 1.0
    name: str = "drawn"

    def integrate(self, *_arguments: object) -> SimpleNamespace:
        n, error = 1 << 16, 1e-3
        weight = n * (1.0 + error * self.factor * next(self.pulls))
        return SimpleNamespace(points=n, weight=weight, pair_difference2=(n * error) ** 2)


def drawn(pulls: Iterable[float], seed: int, factor: float = 1.0) -> CrossSection:
    """Integrate with these pulls in the first iterations, and normal ones after them."""
    rng = np.random.default_rng(seed)
    engine: Any = Drawn(itertools.chain(pulls, iter(rng.standard_normal, None)), factor)
    return cross_section(Function(lambda x: x[0]), flat_proposal(1), engine, 1, rel_error=1e-3)


def test_iterations_that_disagree_by_chance_get_more_of_them() -> None:
    """numu -> nue mu- e+ on a proton at 10 GeV, seed 1: five iterations with chi2/dof = 7.3, of 5500 seeds the worst.

    Over these seeds the pulls have the width 1.003 +- 0.010, and chi2 its distribution: the errors are right.
    """
    unlucky = (-1.05, 3.70, -0.24, -2.77, -2.96)
    for seed in range(50):
        found = drawn(unlucky, seed)
        assert 5 < found.iterations <= 20
        assert found.warnings == ()
        assert abs(found.value - 1.0) < 4.5 * found.error


def test_errors_that_are_too_small_are_still_reported() -> None:
    """Estimates that scatter by three times their error: chi2/dof near 9 with 20 iterations, which leaves no doubt.

    Five iterations give no rise to doubt, chi2/dof < 4.5, with the probability of chi2 < 2.0 for 4 degrees: 26 %.
    """
    found = [drawn((), seed, factor=3.0) for seed in range(100)]
    warned = [f for f in found if f.warnings]
    assert all(f.iterations == 20 and "the error is too small" in f.warnings[0] for f in warned)
    assert abs(len(warned) - 74) < 4.0 * math.sqrt(100 * 0.26 * 0.74)
    assert np.mean([f.chi2_dof for f in warned]) == pytest.approx(9.0, rel=0.15)


def test_false_alarms_are_rare() -> None:
    """Of 10 000 integrals with right errors 12 get more iterations, chi2 > 18.0 for 4 degrees; none is reported."""
    found = [drawn((), seed) for seed in range(10_000)]
    assert not any(f.warnings for f in found)
    assert abs(sum(f.iterations > 5 for f in found) - 12) < 4.0 * math.sqrt(12.0)
    pulls = np.array([(f.value - 1.0) / f.error for f in found])
    assert abs(pulls.std() - 1.0) < 4.0 / math.sqrt(2 * len(pulls))


def test_iterations_that_disagree_are_reported() -> None:
    """A spike of half the integral, hit once in three iterations by uniform points: those without it look precise."""
    side = 1.0 / 512.0

    def spiked(x: Values) -> Value:
        inside = (x[0] < side) & (x[1] < side)
        return 1.0 + 0.1 * x[0] + np.where(inside, 1.0 / side**2, 0.0)

    found = [
        cross_section(Function(spiked), flat_proposal(2), ENGINE, seed, rel_error=1e-3, max_points=10**6)
        for seed in range(3)
    ]
    assert max(f.chi2_dof for f in found) > 100.0
    for f in found:
        assert (f.chi2_dof > 5.0) == any("iterations disagree" in text for text in f.warnings)


def test_warnings_have_words_and_numbers() -> None:
    good = CrossSection(1e-42, 1e-45, 1.1, 5, 10**6, "numpy", 1.0, True)
    assert good.warnings == ()
    assert dataclasses.replace(good, chi2_dof=3.8).warnings == ()
    bad = dataclasses.replace(good, chi2_dof=12.345, reached=False)
    assert len(bad.warnings) == 2
    assert "chi2/dof = 12.3" in bad.warnings[0]
    assert "rel_error" in bad.warnings[0]
    assert "1000000 integration points" in bad.warnings[1]
    assert "1.0e-03" in bad.warnings[1]
    for text in bad.warnings:
        assert "\n" not in text


def test_progress_ends_at_one(proposal: Proposal) -> None:
    seen: list[float] = []
    cross_section(three_peaks(), proposal, ENGINE, 5, rel_error=1e-3, progress=lambda _what, share: seen.append(share))
    assert all(0.0 <= share <= 1.0 for share in seen)
    assert seen[-1] == 1.0


def test_five_iterations_are_enough() -> None:
    """Where the precision is reached before, the fifth is the last."""
    found = cross_section(three_peaks(), flat_proposal(4, 3), ENGINE, 1, rel_error=0.5)
    assert (found.iterations, found.points) == (5, 5 * 3 * math.ceil((1 << 16) / 3 / TILE) * TILE)


class Scripted(NumpyEngine):
    """An engine whose integrals of one channel have given values and variances, in turn."""

    def __init__(self, given: list[tuple[float, float]]) -> None:
        super().__init__(threads=1)
        object.__setattr__(self, "_given", iter(given))

    def integrate(self, *arguments: object) -> Sums:
        """Return the sums over so many points as were asked for."""
        n = arguments[-1]
        assert isinstance(n, int)
        value, variance = next(self._given)  # type: ignore[attr-defined]
        return Sums(n, n * value, n * n * variance)


def test_mean_error_and_chi2_by_hand() -> None:
    """Of five iterations of as many points each: the plain mean, and four degrees of freedom."""
    values, variances = np.array([2.0, 2.1, 1.9, 2.05, 1.8]), np.array([0.01, 0.02, 0.01, 0.03, 0.02])
    engine = Scripted(list(zip(values.tolist(), variances.tolist(), strict=True)))
    found = cross_section(Function(lambda x: x[0]), flat_proposal(2), engine, 1, rel_error=0.9)
    assert found.iterations == 5
    assert found.value == pytest.approx(values.mean(), rel=1e-14)
    assert found.error == pytest.approx(math.sqrt(variances.sum()) / 5.0, rel=1e-14)
    assert found.chi2_dof == pytest.approx(np.sum((values - values.mean()) ** 2 / variances) / 4.0, rel=1e-13)
