from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import vegas
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sampling.toys import random_density
from tridentgen.engines.proposal import ChannelProposal, Proposal, alias_table
from tridentgen.engines.uniforms import uniforms
from tridentgen.errors import InputError


def table_probabilities(shares: np.ndarray) -> list[Fraction]:
    """Return what a draw from the alias table gives, in exact arithmetic."""
    keep, alias = alias_table(shares)
    n = len(keep)
    found = [Fraction(0)] * n
    for slot in range(n):
        kept = Fraction(float(keep[slot]))
        assert 0 <= kept <= 1
        found[slot] += kept / n
        found[int(alias[slot])] += (1 - kept) / n
    return found


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=60))
def test_alias_table_holds_the_shares(values: list[float]) -> None:
    shares = np.array(values) / math.fsum(values)
    found = table_probabilities(shares)
    assert sum(found) == 1
    total = sum(Fraction(float(s)) for s in shares)
    for got, share in zip(found, shares, strict=True):
        assert abs(float(got - Fraction(float(share)) / total)) < 1e-14


def test_alias_table_of_many_cells_and_of_simple_fractions() -> None:
    rng = np.random.default_rng(3)
    shares = rng.uniform(0.0, 1.0, 20_000) ** 4 + 1e-7
    shares /= shares.sum()
    found = np.array([float(p) for p in table_probabilities(shares)])
    assert np.abs(found - shares).max() < 1e-14
    assert table_probabilities(np.array([0.5, 0.25, 0.125, 0.125])) == [
        Fraction(1, 2),
        Fraction(1, 4),
        Fraction(1, 8),
        Fraction(1, 8),
    ]
    assert table_probabilities(np.array([1.0])) == [1]


def test_pick_draws_channels_and_cells_with_their_shares() -> None:
    """A regular comb of u finds each slot exactly as often as the table says."""
    rng = np.random.default_rng(4)
    channels = (random_density(rng, (3, 2)), random_density(rng, (2, 2)), random_density(rng, (1, 1)))
    share = np.array([0.6, 0.3, 0.1])
    proposal = Proposal(channels, share, 1.0, 1e-4, "")
    n = 11 * 4096
    channel, cell = proposal.pick((np.arange(n) + 0.5) / n)
    for number, density in enumerate(channels):
        mine = channel == number
        counts = np.bincount(cell[mine], minlength=len(density.cell_share))
        assert len(counts) == len(density.cell_share)
        # each slot of the table is cut once: at most one tooth of the comb is lost or won per slot and alias
        assert np.abs(counts - n * share[number] * density.cell_share).max() <= 11


@pytest.mark.filterwarnings("ignore:Setting the shape on a NumPy array:DeprecationWarning")  # vegas 6.4, NumPy 2.5
@pytest.mark.parametrize("increments", [1, 7, 512])
def test_place_is_the_map_of_vegas_bit_for_bit(increments: int) -> None:
    d, n = 5, 20_000
    density = random_density(np.random.default_rng(increments), (1,) * d, increments)
    u = uniforms(1, 2, 0, n, 8)[:d]
    u[:, 0], u[:, 1] = 2.0**-53, 1.0 - 2.0**-53
    reference = vegas.AdaptiveMap(density.grid.tolist())
    x, jacobian = np.empty((n, d)), np.empty(n)
    reference.map(np.ascontiguousarray(u.T), x, jacobian)
    placed = density.place(np.zeros(n, dtype=np.int64), u)
    np.testing.assert_array_equal(placed.x, x.T)
    # vegas multiplies the increments' jacobians in the order of the dimensions, place in the opposite one
    np.testing.assert_allclose(placed.inverse_density, jacobian, rtol=4 * d * 2.0**-53)
    one_by_one = np.asarray(reference.jac1d(np.ascontiguousarray(u.T))).T
    product = np.ones(n)
    for i in reversed(range(d)):
        product = product * one_by_one[i]
    np.testing.assert_array_equal(placed.inverse_density, product)
    for i in range(d):
        edges = density.grid[i]
        assert np.all((edges[placed.increments[i]] <= x[:, i]) & (x[:, i] <= edges[placed.increments[i] + 1]))


def test_place_puts_points_into_their_cells() -> None:
    """The cube of the map is cut evenly: a cell is an interval of the cumulative grid in every dimension."""
    strata = (3, 1, 4)
    density = random_density(np.random.default_rng(9), strata)
    cells = np.arange(12).repeat(500)
    u = uniforms(1, 2, 0, len(cells), 4)[:3]
    placed = density.place(cells, u)
    for i, along in enumerate(np.unravel_index(cells, strata)):
        increments = density.grid.shape[1] - 1
        y = np.interp(placed.x[i], density.grid[i], np.arange(increments + 1) / increments)
        assert np.all(y * strata[i] >= along - 1e-12)
        assert np.all(y * strata[i] <= along + 1 + 1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), strata=st.sampled_from([(1, 1), (2, 3), (5, 1), (4, 4)]))
def test_density_integrates_to_one(seed: int, strata: tuple[int, int]) -> None:
    """Integrals of 1 and of x0 x1 over the cube, through the density, with a comb that is exact for linear maps."""
    density = random_density(np.random.default_rng(seed), strata, increments=4)
    # 2 x 4 x strata points per dimension fall symmetrically into every increment within every cell
    per = [np.arange(8 * s) for s in strata]
    first, second = (grid.ravel() for grid in np.meshgrid(*per, indexing="ij"))
    cells = (first // 8) * strata[1] + second // 8
    u = np.stack([(first % 8 + 0.5) / 8, (second % 8 + 0.5) / 8])
    placed = density.place(cells, u)
    # every cell has 64 points; drawn with its probability they count cell_share / 64
    measure = density.cell_share[cells] / 64.0
    assert float(np.sum(measure)) == pytest.approx(1.0, rel=1e-13)
    assert float(np.sum(measure * placed.inverse_density)) == pytest.approx(1.0, rel=1e-12)
    if strata == (1, 1):
        moment = float(np.sum(measure * placed.inverse_density * placed.x[0] * placed.x[1]))
        assert moment == pytest.approx(0.25, rel=1e-12)
    weighted = measure * placed.inverse_density * placed.x[0]
    assert float(np.sum(weighted)) == pytest.approx(0.5, rel=1e-12)


def test_mean_of_the_density_itself_is_one_by_random_points() -> None:
    """Integral of f = 1 with every dimension cut: E[1/density] = 1 within 4 standard errors."""
    density = random_density(np.random.default_rng(11), (3, 2, 2), increments=20)
    proposal = Proposal((density,), np.ones(1), 1.0, 1e-4, "")
    u = uniforms(3, 4, 0, 200_000, 12)
    _, cells = proposal.pick(u[4])
    weight = density.place(cells, u[:3]).inverse_density
    assert abs(weight.mean() - 1.0) < 4.0 * weight.std() / math.sqrt(len(weight))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100), total=st.sampled_from([1, 64, 1000, 4096]))
def test_stratified_cells_puts_the_right_number_in_each_cell(seed: int, total: int) -> None:
    density = random_density(np.random.default_rng(seed), (4, 3))
    u = np.random.default_rng(seed + 1).uniform(size=total)
    cells = density.stratified_cells(0, total, total, u)
    assert np.all(np.diff(cells) >= 0)
    counts = np.bincount(cells, minlength=12)
    assert counts.sum() == total
    # one point in each share of 1/total: a cell holds the whole shares inside it and its two ends by chance
    assert np.abs(counts - total * density.cell_share).max() < 2.0
    begin = total // 3
    part = density.stratified_cells(begin, total - begin, total, u[begin:])
    np.testing.assert_array_equal(part, cells[begin:])


def test_stratified_cells_stay_in_range_at_the_very_end() -> None:
    density = random_density(np.random.default_rng(1), (4, 3))
    top = np.array([1.0 - 2.0**-53])
    assert density.stratified_cells(0, 1, 1, top)[0] == 11
    assert density.stratified_cells(999_999, 1, 1_000_000, top)[0] == 11
    assert density.cumulative[-1] == 1.0


def test_digest_changes_with_everything_the_density_is_made_of() -> None:
    def proposal(seed: int = 1, share: float = 0.5, signature: str = "s", strata: tuple[int, int] = (2, 3)) -> Proposal:
        density = random_density(np.random.default_rng(seed), strata)
        return Proposal((density, density), np.array([share, 1.0 - share]), 1.0, 1e-4, signature)

    same = proposal().digest
    assert proposal().digest == same
    others = {proposal(seed=2), proposal(share=0.4), proposal(signature="t"), proposal(strata=(3, 2))}
    assert len({p.digest for p in others} | {same}) == 5


GRID = np.array([[0.0, 0.3, 1.0], [0.0, 0.5, 1.0]])
BROKEN: dict[str, tuple[Callable[[], ChannelProposal], str]] = {
    "strata for one dimension too few": (
        lambda: ChannelProposal(GRID, (2,), np.full(2, 0.5)),
        "do not match",
    ),
    "a cell too many": (lambda: ChannelProposal(GRID, (2, 1), np.full(3, 1 / 3)), "do not match"),
    "strata that are negative": (lambda: ChannelProposal(GRID, (-1, -1), np.ones(1)), "strata"),
    "grid that does not end at 1": (lambda: ChannelProposal(GRID * 0.9, (1, 1), np.ones(1)), "from 0 to 1"),
    "grid that does not start at 0": (lambda: ChannelProposal(1.0 - GRID, (1, 1), np.ones(1)), "from 0 to 1"),
    "grid with an empty increment": (
        lambda: ChannelProposal(np.array([[0.0, 0.0, 1.0]]), (1,), np.ones(1)),
        "from 0 to 1",
    ),
    "grid that is not a number": (
        lambda: ChannelProposal(np.array([[0.0, np.nan, 1.0]]), (1,), np.ones(1)),
        "from 0 to 1",
    ),
    "grid of infinities": (
        lambda: ChannelProposal(np.where(GRID < 1.0, GRID, np.inf), (1, 1), np.ones(1)),
        "from 0 to 1",
    ),
    "cells that are no numbers": (lambda: ChannelProposal(GRID, (2, 1), np.full(2, np.nan)), "sum to 1"),
    "cells that sum to 2": (lambda: ChannelProposal(GRID, (2, 1), np.ones(2)), "sum to 1"),
    "a cell without share": (lambda: ChannelProposal(GRID, (2, 1), np.array([0.0, 1.0])), "positive"),
    "a cell that is not a number": (
        lambda: ChannelProposal(GRID, (2, 1), np.array([np.nan, 1.0])),
        "positive",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_density_is_refused(case: str) -> None:
    make, message = BROKEN[case]
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("share", [[1.0], [0.5, 0.6], [1.5, -0.5], [1.0, 0.0], [np.nan, 1.0], [[0.5, 0.5]]], ids=str)
def test_broken_shares_of_channels_are_refused(share: list[float]) -> None:
    cube = ChannelProposal.uniform(2, 4, (1, 1))
    with pytest.raises(InputError, match="channel"):
        Proposal((cube, cube), np.array(share), 1.0, 1e-4, "")
