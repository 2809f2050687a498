"""Time efficiency: of events, averaged over arrival times, and read from cards."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate

import tridentgen as tg
from tests.detector.test_card import good, read
from tests.detector.tracing import assert_traces
from tridentgen.detector import Constant, Detector, TableEfficiency, TimeEfficiency
from tridentgen.errors import InputError
from tridentgen.flux import TimeProfile
from tridentgen.matter.nuclei import nuclide

MUON_NS, PION_NS = 2196.98, 26.033
COHERENT = TimeEfficiency(max_ns=6000.0, flat_until_ns=520.0, decay_ns=1e3 / 0.0494)
KINDS = {
    "coherent": COHERENT,
    "without end": TimeEfficiency(flat_until_ns=520.0, decay_ns=1e3 / 0.0494),
    "steep": TimeEfficiency(min_ns=-50.0, flat_until_ns=100.0, decay_ns=40.0),
    "window": TimeEfficiency(min_ns=-100.0, max_ns=333.0),
    "late": TimeEfficiency(min_ns=2000.0),
}
PROFILES = {
    "pulse": TimeProfile((), "gaussian", 380.0, 350.0),
    "box": TimeProfile((), "box", 700.0, 350.0),
    "pions": TimeProfile((PION_NS,), "box", 700.0, 350.0),
    "muons": TimeProfile((PION_NS, MUON_NS), "gaussian", 380.0, 350.0),
    "muons at once": TimeProfile((MUON_NS,)),
    "sharp": TimeProfile((PION_NS, MUON_NS), "box", 0.5),
}


@pytest.mark.parametrize("name", KINDS)
def test_it_traces(name: str) -> None:
    times = np.random.default_rng(2).uniform(-1e3, 2e4, 1000)
    assert_traces(KINDS[name], times)
    detector = Detector((Constant(1.0),), time_efficiency=KINDS[name])
    assert_traces(detector.acceptance, np.full(1000, 1e-6), np.full(1000, 1e-6), times)


def test_by_hand() -> None:
    times = np.array([-1.0, 0.0, 520.0, 1520.0, 6000.0, 6000.1])
    expected = [1.0, 1.0, 1.0, math.exp(-0.0494), math.exp(-0.0494 * 5.48), 0.0]
    np.testing.assert_allclose(COHERENT(times), expected, rtol=1e-14)
    np.testing.assert_array_equal(KINDS["window"](np.array([-101.0, -100.0, 333.0, 334.0])), [0.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", KINDS)
def test_the_mean_against_scipy(name: str, profile: str) -> None:
    """Adaptive quadrature between all places where density or efficiency have a kink, and over each decay's life."""
    time, efficiency = PROFILES[profile], KINDS[name]
    half = 0.5 * time.pulse_ns if time.pulse == "box" else 3.5 * time.pulse_ns
    first, last = time.offset_ns - half, time.offset_ns + half
    places = {first, last, time.offset_ns, *efficiency.breaks_ns}
    places |= {last + life * step for life in time.decays_ns for step in (0.5, 1.0, 3.0, 7.0, 15.0, 40.0)}
    places |= {first + step * half for step in (0.25, 0.5, 0.75, 1.25, 1.5, 1.75)}
    inside = sorted(place for place in places if place >= first)

    def integrand(t: float) -> float:
        at = np.array([t])
        return float(time.density(at)[0] * efficiency(at)[0])

    expected = sum(integrate.quad(integrand, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(inside))
    assert efficiency.averaged(time) == pytest.approx(expected, abs=2e-9)


def test_the_mean_of_muons_on_paper() -> None:
    """1 - exp(-r t0) for the flat part, and r/(r + l) exp(-r t0) [1 - exp(-(r + l)(t1 - t0))] after it."""
    rate, loss, flat, end = 1.0 / MUON_NS, 0.0494e-3, 520.0, 6000.0
    later = math.exp(-rate * flat) * rate / (rate + loss) * (1.0 - math.exp(-(rate + loss) * (end - flat)))
    expected = 1.0 - math.exp(-rate * flat) + later
    assert COHERENT.averaged(TimeProfile((MUON_NS,))) == pytest.approx(expected, rel=1e-12)


def test_the_mean_of_a_sample() -> None:
    u = np.random.default_rng(3).random((3, 400_000))
    time = PROFILES["muons"]
    kept = COHERENT(time.time_ns(u))
    assert abs(kept.mean() - COHERENT.averaged(time)) < 4.0 * kept.std() / math.sqrt(kept.size)


def test_steady_neutrinos_come_at_zero() -> None:
    assert COHERENT.averaged(None) == 1.0
    assert KINDS["late"].averaged(None) == 0.0
    assert KINDS["late"].averaged(TimeProfile(offset_ns=2500.0)) == 1.0


def test_events_have_it_in_their_acceptance() -> None:
    """Times from pulse and decays; the other factor of the acceptance rises with the recoil."""
    source = tg.stopped_pions(20.0, pulse="box", pulse_ns=700.0, offset_ns=350.0)
    efficiency = TableEfficiency(np.array([0.0, 40.0]), np.array([0.0, 1.0]))
    detector = Detector((Constant(1.0),), efficiency=efficiency, time_efficiency=COHERENT)
    for flux, times in ((source, True), (tg.Monochromatic(0.03), False)):
        events = tg.Cevns("Ar40").generate(flux=flux, detector=detector, events=4000, engine="numpy")
        assert (np.ptp(events["time"]) > 5000.0) == times
        expected = np.minimum(events["recoil_energy"] / 40.0, 1.0) * COHERENT(events["time"])
        np.testing.assert_allclose(events["acceptance"], expected, rtol=1e-12)


TABLE = "[detector.time_efficiency]\n"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('kind = "exponential"\nflat_until_ns = 520\ndecay_ns = 2e4', TimeEfficiency(None, None, 520.0, 2e4)),
        (
            'kind = "exponential"\nflat_until_ns = 520\ndecay_ns = 2e4\nmax_ns = 6000',
            TimeEfficiency(None, 6000.0, 520.0, 2e4),
        ),
        ('kind = "window"\nmin_ns = -200\nmax_ns = 6000', TimeEfficiency(-200.0, 6000.0)),
        ('kind = "window"\nmin_ns = 0', TimeEfficiency(0.0)),
    ],
)
def test_cards(keys: str, expected: TimeEfficiency) -> None:
    assert good(TABLE + keys).detector([nuclide("Ar40")]).time_efficiency == expected
    assert good("[detector]").time_efficiency is None


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("max_ns = 6000", "1: key 'detector.time_efficiency.kind' is missing"),
        (
            'kind = "exponental"',
            "2: detector.time_efficiency.kind: must be one of exponential, window, not 'exponental', did you mean "
            "'exponential'?",
        ),
        (
            'kind = "exponential"\nflat_until_ns = 520',
            "1: key 'detector.time_efficiency.decay_ns' is missing: time_efficiency.kind = 'exponential' needs it",
        ),
        (
            'kind = "exponential"\nflat_until_ns = 520\ndecay_ns = 0',
            "4: detector.time_efficiency.decay_ns: must be a positive number, not 0",
        ),
        (
            'kind = "window"\nmax_us = 6',
            "3: unknown key 'detector.time_efficiency.max_us', did you mean 'max_ns'?",
        ),
        (
            'kind = "window"\nmin_ns = 7\nmax_ns = 6',
            "1: detector.time_efficiency: max_ns = 6 must be later than min_ns = 7",
        ),
        (
            'kind = "window"',
            "1: detector.time_efficiency: a time efficiency needs a window, min_ns or max_ns, or flat_until_ns with "
            "decay_ns",
        ),
    ],
)
def test_mistakes_on_cards(keys: str, message: str) -> None:
    assert read(TABLE + keys)[1] == (f"bad.toml:{message}",)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"flat_until_ns": 1.0}, "flat_until_ns and decay_ns belong together"),
        ({"flat_until_ns": 1.0, "decay_ns": -1.0}, "decay_ns = -1.0 must be a positive time"),
        ({"max_ns": math.inf}, "max_ns = inf must be a finite time"),
    ],
)
def test_what_is_no_efficiency(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TimeEfficiency(**numbers)
