"""Arrival times: moments, distributions and sums of decays against closed forms and quadrature."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from tests.engines.interpreter import evaluated
from tridentgen.engines.tracer import Graph
from tridentgen.errors import InputError
from tridentgen.flux import TimeProfile
from tridentgen.flux.time_profile import MUON_LIFETIME_NS, PION_LIFETIME_NS

PROFILES = {
    "prompt": TimeProfile((PION_LIFETIME_NS,)),
    "delayed": TimeProfile((PION_LIFETIME_NS, MUON_LIFETIME_NS)),
    "prompt box": TimeProfile((PION_LIFETIME_NS,), "box", 600.0, 100.0),
    "prompt gaussian": TimeProfile((PION_LIFETIME_NS,), "gaussian", 380.0, -50.0),
    "delayed gaussian": TimeProfile((PION_LIFETIME_NS, MUON_LIFETIME_NS), "gaussian", 380.0),
    "delayed box": TimeProfile((MUON_LIFETIME_NS, PION_LIFETIME_NS), "box", 800.0),
    "three decays": TimeProfile((1.0, 2.0, 5.0), "gaussian", 0.5),
    "box": TimeProfile((), "box", 10.0, 3.0),
    "gaussian": TimeProfile((), "gaussian", 10.0, 3.0),
}


def pulse_variance(profile: TimeProfile) -> float:
    if profile.pulse == "box":
        return profile.pulse_ns**2 / 12.0
    return profile.pulse_ns**2 / (8.0 * math.log(2.0))


def uniform(profile: TimeProfile, count: int, seed: int = 5) -> NDArray[np.float64]:
    """Independent stratified numbers: every one of them fills its range evenly."""
    rng = np.random.default_rng(seed)
    return np.stack([(rng.permutation(count) + rng.random(count)) / count for _ in range(profile.numbers)])


def whole(profile: TimeProfile, power: int) -> float:
    """int dt density t^power, split where the density bends."""
    scale = sum(profile.decays_ns) + profile.pulse_ns
    edges = profile.offset_ns + profile.pulse_ns * np.array([-3.0, -0.5, -0.2, 0.0, 0.2, 0.5, 3.0])
    ends = sorted({*edges, *(profile.offset_ns + scale * np.array([0.3, 1.0, 4.0, 12.0, 40.0]))})

    def integrand(t: float) -> float:
        return float(profile.density(np.array([t]))[0]) * t**power

    size = scale**power / scale
    return math.fsum(quad(integrand, low, high, epsabs=1e-9 * size, epsrel=1e-9)[0] for low, high in pairwise(ends))


@pytest.mark.parametrize("name", PROFILES)
def test_density_has_integral_one_and_the_moments_of_a_sum(name: str) -> None:
    profile = PROFILES[name]
    mean = profile.offset_ns + sum(profile.decays_ns)
    variance = sum(life**2 for life in profile.decays_ns) + (pulse_variance(profile) if profile.pulse_ns else 0.0)
    assert whole(profile, 0) == pytest.approx(1.0, rel=1e-6)
    assert whole(profile, 1) == pytest.approx(mean, rel=1e-6)
    assert whole(profile, 2) - mean**2 == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize("name", PROFILES)
def test_times_follow_the_density(name: str) -> None:
    profile = PROFILES[name]
    count = 200_000
    times = np.sort(profile.time_ns(uniform(profile, count)))
    # Kolmogorov's distance at ten quantiles; 1.95/sqrt(n) is its 0.1 % bound.
    for quantile in np.arange(0.05, 1.0, 0.1):
        low, high = times[0] - 1.0, float(times[int(quantile * count)])
        middle = [t for t in (profile.offset_ns, profile.offset_ns - 0.5 * profile.pulse_ns) if low < t < high]
        below = quad(lambda t: float(profile.density(np.array([t]))[0]), low, high, points=middle or None, limit=400)[0]
        assert below == pytest.approx(quantile, abs=1.95 / math.sqrt(count))


@pytest.mark.parametrize("fwhm", [1.0, 50.0, 380.0, 20_000.0])
def test_exponentially_modified_gaussian_against_mpmath(fwhm: float) -> None:
    profile = TimeProfile((PION_LIFETIME_NS,), "gaussian", fwhm)
    sigma = fwhm / math.sqrt(8.0 * math.log(2.0))
    times = np.array([-6.0 * sigma, -sigma, 0.0, 0.7 * sigma, 3.0 * sigma, 5.0 * PION_LIFETIME_NS])
    with mpmath.workdps(30):
        exact = []
        for t in times:
            lam = 1 / mpmath.mpf(PION_LIFETIME_NS)
            z = (sigma * lam - t / mpmath.mpf(sigma)) / mpmath.sqrt(2)
            exact.append(float(lam / 2 * mpmath.exp(lam / 2 * (lam * sigma**2 - 2 * t)) * mpmath.erfc(z)))
    np.testing.assert_allclose(profile.density(times), exact, rtol=3e-9)


def test_half_of_the_gaussian_is_within_its_width() -> None:
    profile = TimeProfile((), "gaussian", 10.0)
    at_half, at_top = profile.density(np.array([5.0, 0.0]))
    assert at_half / at_top == pytest.approx(0.5, rel=1e-14)


def test_a_box_is_even_and_zero_outside() -> None:
    profile = TimeProfile((), "box", 10.0, 3.0)
    np.testing.assert_array_equal(profile.density(np.array([-2.1, -1.9, 3.0, 7.9, 8.1])), [0.0, 0.1, 0.1, 0.1, 0.0])
    np.testing.assert_allclose(profile.time_ns(np.array([[0.0, 0.5, 1.0]])), [-2.0, 3.0, 8.0])


def test_muons_of_pions_by_hand() -> None:
    # Two decays: [exp(-t/b) - exp(-t/a)]/(b - a).
    t = np.array([-1.0, 10.0, 500.0, 9000.0])
    a, b = PION_LIFETIME_NS, MUON_LIFETIME_NS
    exact = np.where(t < 0.0, 0.0, (np.exp(-t / b) - np.exp(-t / a)) / (b - a))
    np.testing.assert_allclose(PROFILES["delayed"].density(t), exact, rtol=1e-13)
    assert pytest.approx(2196.9811) == b


def test_a_time_of_flight_alone_needs_no_random_number() -> None:
    profile = TimeProfile(offset_ns=66.7)
    assert profile.numbers == 0
    assert profile.time_ns(()) == 66.7
    with pytest.raises(InputError, match="without decays and pulse has no density"):
        profile.density(np.array([66.7]))


@pytest.mark.parametrize("name", PROFILES)
def test_times_are_traceable(name: str) -> None:
    profile = PROFILES[name]
    u = uniform(profile, 500)
    graph = Graph()
    symbols = [graph.input(f"u{i}") for i in range(profile.numbers)]
    traced = evaluated(graph, list(u), [profile.time_ns(symbols)])[0]
    np.testing.assert_array_equal(traced, profile.time_ns(u))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.0,),), "decays_ns = 0.0 must be a positive mean life"),
        (((26.0, 26.0),), "must all differ"),
        (((), "triangle", 3.0), "pulse = 'triangle' is not known; use 'none', 'box', 'gaussian'"),
        (((), "none", 3.0), "pulse_ns = 3.0 needs a pulse of shape"),
        (((), "box", 0.0), "pulse_ns = 0.0 must be a positive width"),
        (((), "gaussian", math.inf), "pulse_ns = inf must be a positive width"),
        (((), "none", 0.0, math.nan), "offset_ns = nan must be a finite time"),
    ],
)
def test_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TimeProfile(*arguments)  # type: ignore[arg-type]
