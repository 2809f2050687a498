"""Shares of arrival times in bins against distributions of SciPy and sampled times."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from tridentgen.detector import TimeEfficiency, arrival_shares
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedProfile, TimeProfile

MUON_NS, PION_NS = 2196.98, 26.033
EDGES = np.array([-500.0, 0.0, 125.0, 600.0, 2000.0, 6000.0])
SIGMA = 380.0 / math.sqrt(8.0 * math.log(2.0))

CUMULATIVE: dict[str, tuple[TimeProfile, Callable[[float], float]]] = {
    "decay": (TimeProfile((MUON_NS,)), lambda t: float(stats.expon.cdf(t, scale=MUON_NS))),
    "pulse": (TimeProfile((), "gaussian", 380.0, 480.0), lambda t: float(stats.norm.cdf(t, 480.0, SIGMA))),
    "box": (TimeProfile((), "box", 600.0, 100.0), lambda t: float(stats.uniform.cdf(t, -200.0, 600.0))),
    "decay after a pulse": (
        TimeProfile((MUON_NS,), "gaussian", 380.0, 480.0),
        lambda t: float(stats.exponnorm.cdf(t, MUON_NS / SIGMA, 480.0, SIGMA)),
    ),
}


@pytest.mark.parametrize("name", CUMULATIVE)
def test_shares_against_distributions(name: str) -> None:
    profile, cumulative = CUMULATIVE[name]
    found = arrival_shares(profile, EDGES)
    np.testing.assert_allclose(found, np.diff([cumulative(t) for t in EDGES]), rtol=1e-9, atol=1e-11)


def test_shares_with_an_efficiency() -> None:
    """That of COHERENT, with a kink and an end within bins; the sum is the average over all times."""
    profile = TimeProfile((PION_NS, MUON_NS), "gaussian", 380.0, 480.0)
    kept = TimeEfficiency(max_ns=5000.0, flat_until_ns=520.0, decay_ns=20243.0)

    def accepted(t: float) -> float:
        return float(profile.density(np.array([t]))[0] * kept(np.float64(t)))

    expected = [
        integrate.quad(accepted, low, high, points=[p for p in (520.0, 5000.0) if low < p < high] or None, limit=200)[0]
        for low, high in pairwise(EDGES)
    ]
    np.testing.assert_allclose(arrival_shares(profile, EDGES, kept), expected, rtol=1e-8, atol=1e-12)
    whole = arrival_shares(profile, np.array([-1e4, 1e6]), kept)[0]
    assert whole == pytest.approx(kept.averaged(profile), rel=1e-9, abs=0.0)


def test_shares_of_a_table() -> None:
    """A triangle from 0 to 1000 ns: areas by hand."""
    profile = TabulatedProfile(np.array([0.0, 500.0, 1000.0]), np.array([0.0, 1.0, 0.0]))
    found = arrival_shares(profile, np.array([-100.0, 250.0, 500.0, 900.0, 3000.0]))
    np.testing.assert_allclose(found, [0.125, 0.375, 0.48, 0.02], rtol=1e-12)
    times = np.asarray(profile.time_ns([np.random.default_rng(2).uniform(size=100_000)]))
    sampled = np.histogram(times, [-100.0, 250.0, 500.0, 900.0, 3000.0])[0] / len(times)
    assert np.all(np.abs(sampled - found) < 5.0 * np.sqrt(found / len(times)))


def test_one_time_for_all() -> None:
    kept = TimeEfficiency(flat_until_ns=0.0, decay_ns=100.0)
    np.testing.assert_allclose(arrival_shares(TimeProfile(offset_ns=100.0), EDGES, kept), [0, math.exp(-1), 0, 0, 0])
    np.testing.assert_array_equal(arrival_shares(None, EDGES), [0, 1, 0, 0, 0])


def test_edges_that_are_none() -> None:
    for edges in ([0.0], [1.0, 1.0], [0.0, math.nan], [0.0, math.inf]):
        with pytest.raises(InputError, match=r"^edges_ns must be two or more finite times that increase"):
            arrival_shares(None, np.array(edges))
