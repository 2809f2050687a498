"""Arrival times of a table: against the distribution by quadrature, exactly, on all engines."""

from __future__ import annotations

import copy
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

import tridentgen as tg
from tests.engines.interpreter import evaluated
from tridentgen.detector import TimeEfficiency
from tridentgen.engines.tracer import Graph
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedProfile
from tridentgen.processes.neutrino_electron.neutrino_electron import NeutrinoElectron

_RNG = np.random.default_rng(3)
_MANY = np.sort(_RNG.uniform(-1e8, 1e10, 300))
_FALLING = _RNG.random(300) * np.exp(-np.maximum(_MANY, 0.0) / 2e9)
PROFILES = {
    "triangle": TabulatedProfile(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 0.0])),
    "gap": TabulatedProfile(np.array([-5.0, -1.0, 2.0, 4.0, 5.0]), np.array([1.0, 0.0, 0.0, 3.0, 2.0])),
    "even": TabulatedProfile(np.array([2.0, 7.0]), np.array([4.0, 4.0])),
    "bins": TabulatedProfile(np.array([0.0, 1.0, 4.0, 10.0, 11.0]), np.array([2.0, 0.0, 1.0, 5.0]), "histogram"),
    "one bin": TabulatedProfile(np.array([-3.0, 1.0]), np.array([1e-250]), "histogram"),
    "burst": TabulatedProfile(_MANY, _FALLING),
}


def _even(count: int) -> NDArray[np.float64]:
    """Return evenly spaced numbers in (0, 1), shape (1, count)."""
    return np.asarray((np.arange(count) + 0.5)[None] / count, dtype=np.float64)


def below(profile: TabulatedProfile, time_ns: float) -> float:
    """Return the probability of earlier times, by quadrature between the points of the table."""
    edges = [*(t for t in profile.times_ns if t < time_ns), time_ns]
    return math.fsum(
        quad(lambda t: float(profile.density(np.array([t]))[0]), low, high, epsabs=1e-13)[0]
        for low, high in pairwise(edges)
    )


@pytest.mark.parametrize("name", PROFILES)
def test_times_are_the_quantiles_of_the_density(name: str) -> None:
    profile = PROFILES[name]
    u = np.linspace(0.003, 0.997, 24)
    times = profile.time_ns(u[None])
    assert (np.diff(times) > 0.0).all()
    np.testing.assert_allclose([below(profile, t) for t in times], u, rtol=1e-9)
    assert below(profile, float(profile.times_ns[-1])) == pytest.approx(1.0, rel=1e-9)


def test_a_triangle_by_hand() -> None:
    profile = PROFILES["triangle"]
    np.testing.assert_allclose(profile.time_ns(np.array([[1 / 12, 1 / 3, 1.0 - 1 / 6]])), [0.5, 1.0, 2.0], rtol=1e-14)
    np.testing.assert_allclose(profile.density(np.array([-1.0, 0.5, 2.0, 4.0])), [0.0, 1 / 3, 1 / 3, 0.0], rtol=1e-14)


@pytest.mark.parametrize("name", PROFILES)
def test_ends(name: str) -> None:
    """The smallest and the largest random number give times within the table."""
    profile = PROFILES[name]
    first, last = profile.time_ns(np.array([[2.0**-54, 1.0 - 2.0**-53]]))
    assert profile.times_ns[0] <= first < last <= profile.times_ns[-1]


@pytest.mark.parametrize("name", PROFILES)
def test_times_are_traceable(name: str) -> None:
    profile = PROFILES[name]
    u = _even(500)
    graph = Graph()
    traced = evaluated(graph, list(u), [profile.time_ns([graph.input("u")])])[0]
    np.testing.assert_array_equal(traced, profile.time_ns(u))


@pytest.mark.parametrize("name", PROFILES)
def test_mean_of_a_time_efficiency(name: str) -> None:
    """Against a mean over 10^6 stratified times: 1e-6 of a window's step, at most two of them."""
    profile = PROFILES[name]
    low, high = profile.time_ns(np.array([[0.2, 0.9]]))
    width = high - low
    for kept in (
        TimeEfficiency(low, high),
        TimeEfficiency(low, None, low + 0.1 * width, 0.03 * width),
    ):
        times = profile.time_ns(_even(1_000_000))
        assert kept.averaged(profile) == pytest.approx(float(np.mean(kept(times))), abs=3e-6)


def test_copies_and_pickles_stay_read_only() -> None:
    for other in (copy.deepcopy(PROFILES["bins"]), pickle.loads(pickle.dumps(PROFILES["bins"]))):  # noqa: S301
        np.testing.assert_array_equal(other.time_ns(np.array([[0.3]])), PROFILES["bins"].time_ns(np.array([[0.3]])))
        with pytest.raises(ValueError, match="read-only"):
            other.values[0] = 1.0


def test_another_table_is_another_run() -> None:
    flux = tg.supernova(10.0).components[0].flux
    signatures = {
        NeutrinoElectron("H1").sampled(tg.Source.of(flux, "nue", profile)).signature
        for profile in (None, PROFILES["bins"], PROFILES["gap"])
    }
    assert len(signatures) == 3


def _array(*values: float) -> NDArray[np.float64]:
    return np.array(values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((_array(0, 1), _array(1)), "a table of arrival times needs two or more points, one for each value"),
        ((_array(0), _array(1)), "needs two or more points"),
        ((_array(0, 1), _array(1, 1), "histogram"), "needs two or more edges"),
        ((_array(0, 0), _array(1, 1)), "must be finite and increase"),
        ((_array(0, np.inf), _array(1, 1)), "must be finite and increase"),
        ((_array(0, 1), _array(1, -1)), r"values\[1\]: flux -1 is negative"),
        ((_array(0, 1), _array(1, np.nan)), r"values\[1\]: flux nan is not a finite number"),
        ((_array(0, 1), _array(0, 0)), "has no neutrinos, or too many"),
        ((_array(0, 1e10), _array(1e308, 1e308)), "has no neutrinos, or too many"),
        ((_array(0, 1), _array(1, 1), "spline"), "interpolation = 'spline' is not known; use 'histogram' or 'linear'"),
    ],
)
def test_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TabulatedProfile(*arguments)  # type: ignore[arg-type]
