"""Ratios of integrals at common points: known values, honest errors, and the gain over separate points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.sampling.toys import Peak, Toy, flat_proposal
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import TILE, Sums
from tridentgen.errors import InputError
from tridentgen.sampling import common_points
from tridentgen.sampling.common_points import CommonRatio, better_ratio, ratio_at_common_points
from tridentgen.sampling.integrate import cross_section
from tridentgen.sampling.train import train

ENGINE = NumpyEngine(threads=1)
BOTTOM = Toy((Peak(3.0, (0.45, 0.55), 0.07, 0.6), Peak(1.0, (0.6, 0.5), 0.05, -0.5)))
ALIKE = Toy((Peak(6.0, (0.451, 0.55), 0.07, 0.6), Peak(2.0, (0.6, 0.501), 0.05, -0.5)))
OTHER = Toy((Peak(1.0, (0.52, 0.55), 0.07, 0.2), Peak(1.0, (0.55, 0.5), 0.06, 0.4)))


WIDER = Toy((Peak(1.0, (0.45, 0.55), 0.075, 0.5), Peak(1.0, (0.6, 0.5), 0.055, -0.4)))


@pytest.mark.parametrize(("top", "of_top", "truth"), [(ALIKE, False, 2.0), (ALIKE, True, 2.0), (WIDER, True, 0.5)])
def test_pulls_have_unit_width(top: Toy, of_top: bool, truth: float) -> None:
    """From densities that cover both. 80 runs know the width to 8 %; 32 iterations make it 1.6 % wider than one."""
    density = train(top if of_top else BOTTOM, ENGINE, 1, points=20_000)
    found = [ratio_at_common_points(top, BOTTOM, density, ENGINE, seed, 1) for seed in range(80)]
    pulls = np.array([(f.value - truth) / f.error for f in found])
    assert abs(pulls.mean()) < 4.0 / math.sqrt(80.0)
    assert abs(pulls.std() - 1.0) < 4.0 / math.sqrt(160.0)
    assert all(f.points == 32 * 2 * TILE for f in found)


def test_what_is_alike_drops_out() -> None:
    """Five times as precise as two integrals of as many points each, where the integrands are nearly proportional."""
    density = train(BOTTOM, ENGINE, 1, points=20_000)
    common = ratio_at_common_points(ALIKE, BOTTOM, density, ENGINE, 3, 300_000)
    apart = [
        cross_section(toy, train(toy, ENGINE, 1, points=20_000), ENGINE, 3, rel_error=0.9) for toy in (ALIKE, BOTTOM)
    ]
    assert all(sigma.points >= 300_000 for sigma in apart)
    relative = math.hypot(*(sigma.error / sigma.value for sigma in apart))
    assert common.error / common.value < 0.2 * relative


def test_numbers_have_their_own_points() -> None:
    density = train(BOTTOM, ENGINE, 1, points=20_000)
    first, again, second = (
        ratio_at_common_points(OTHER, BOTTOM, density, ENGINE, 3, 1, number=number) for number in (0, 0, 1)
    )  # fmt: skip
    assert first == again
    assert first.value != second.value
    assert abs(first.value - second.value) < 4.0 * math.hypot(first.error, second.error)


def test_a_process_over_itself_is_one() -> None:
    density = train(BOTTOM, ENGINE, 1, points=20_000)
    found = ratio_at_common_points(BOTTOM, BOTTOM, density, ENGINE, 3, 1)
    assert (found.value, found.error) == (1.0, 0.0)


def test_other_channels() -> None:
    density = train(BOTTOM, ENGINE, 1, points=20_000)
    with pytest.raises(InputError, match="different channels have no common points"):
        ratio_at_common_points(Toy((Peak(1.0, (0.5, 0.5), 0.07, 0.0),)), BOTTOM, density, ENGINE, 3, 1)


def test_it_is_left_where_it_does_not_pay() -> None:
    """Peaks that lie elsewhere are better integrated apart; those that are alike are not."""
    density = {toy: train(toy, ENGINE, 1, points=20_000) for toy in (BOTTOM, ALIKE, OTHER)}
    separate = 1e-3  # what 300 000 points of each give, relative
    assert better_ratio(OTHER, BOTTOM, (density[BOTTOM], density[OTHER]), ENGINE, 3, 300_000, 0.5 * separate) is None
    found = better_ratio(ALIKE, BOTTOM, (density[BOTTOM], density[ALIKE]), ENGINE, 3, 300_000, 2.0 * separate)
    assert found is not None
    assert found.error < 2.0 * separate
    assert abs(found.value - 2.0) < 4.0 * found.error


class Scripted(NumpyEngine):
    """An engine that returns given sums instead of integrals: those of the top and of the bottom, in turn."""

    def __init__(self, sums: list[float]) -> None:
        super().__init__(threads=1)
        object.__setattr__(self, "_sums", iter(sums))

    def integrate(self, *arguments: object) -> Sums:
        """Return the next sum of so many points as were asked for."""
        size = arguments[-1]
        assert isinstance(size, int)
        return Sums(size, size * next(self._sums), 0.0)  # type: ignore[attr-defined]


def test_the_error_is_cochrans_for_few_iterations() -> None:
    """By numpy.cov with one degree of freedom less: the variance of a ratio of means by the delta method."""
    one = Toy((Peak(1.0, (0.5, 0.5), 0.07, 0.0),))
    rng = np.random.default_rng(3)
    pairs = rng.normal([2.0, 1.0], [0.2, 0.1], size=(4, 2))
    engine = Scripted(pairs.ravel().tolist())
    found = ratio_at_common_points(one, one, flat_proposal(2), engine, 1, 1, iterations=4)
    ratio = pairs[:, 0].mean() / pairs[:, 1].mean()
    covariance = np.cov(pairs.T, ddof=1) / 4.0
    variance = covariance[0, 0] - 2.0 * ratio * covariance[0, 1] + ratio**2 * covariance[1, 1]
    assert found.value == pytest.approx(ratio, rel=1e-12)
    assert found.error == pytest.approx(math.sqrt(variance) / pairs[:, 1].mean(), rel=1e-12)


@pytest.mark.parametrize("best", [0, 1])
def test_the_proposal_with_the_smaller_variance_is_taken(monkeypatch: pytest.MonkeyPatch, best: int) -> None:
    """Variance times points of the pilots, not the error alone: one of them has ten times as many points."""
    one, first, second = Toy((Peak(1.0, (0.5, 0.5), 0.07, 0.0),)), flat_proposal(2), flat_proposal(2)
    pilots = {id(first): CommonRatio(2.0, 0.3, 1000), id(second): CommonRatio(2.0, 0.2, 1000 if best else 10_000)}
    final: list[Proposal] = []

    def scripted(*arguments: object, number: int, **_: object) -> CommonRatio:
        proposal = arguments[2]
        assert isinstance(proposal, Proposal)
        if number < 2:
            return pilots[id(proposal)]
        final.append(proposal)
        return CommonRatio(2.0, 0.01, 10_000)

    monkeypatch.setattr(common_points, "ratio_at_common_points", scripted)
    found = better_ratio(one, one, (first, second), ENGINE, 1, 10_000, 0.5)
    assert found == CommonRatio(2.0, 0.01, 10_000)
    assert [each is second for each in final] == [bool(best)]
