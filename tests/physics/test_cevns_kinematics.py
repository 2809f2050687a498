"""Recoil kinematics against two-body scattering in the centre of mass with 60 digits, and against four-momenta."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.detector.tracing import assert_traces
from tridentgen.physics import cevns_kinematics as kinematics

Array = NDArray[np.float64]
Long = np.longdouble

HYDROGEN, CARBON, ARGON, XENON = 0.93827, 11.1748, 37.21553, 122.8403
MEV, KEV, EV = 1e-3, 1e-6, 1e-9

CASES = [
    (energy, mass, heavy)
    for energy, mass, heavy in itertools.product(
        (1.7 * MEV, 29.792 * MEV, 0.3, 8.0),
        (HYDROGEN, CARBON, ARGON, XENON),
        (0.0, 1e-9, 1e-5, 1 * MEV, 10 * MEV, 0.25),
    )
    if energy > heavy + heavy**2 / (2 * mass)
]
"""Neutrino energy, nuclear mass and final mass in GeV, above threshold."""


class Exact(NamedTuple):
    """What two-body kinematics gives at a scattering angle in the centre of mass."""

    recoil: mpmath.mpf
    transverse: mpmath.mpf
    recoil_z: mpmath.mpf
    neutrino_energy: mpmath.mpf
    neutrino_z: mpmath.mpf


def exact(energy: float, mass: float, heavy: float, one_minus_cos: float) -> Exact:
    """Scatter in the centre of mass by an angle with the given 1 - cos, and boost."""
    with mpmath.workdps(60):
        E, M, m = mpmath.mpf(energy), mpmath.mpf(mass), mpmath.mpf(heavy)
        s = M * (M + 2 * E)
        root = mpmath.sqrt(s)
        before = E * M / root
        after = mpmath.sqrt((s - (M + m) ** 2) * (s - (M - m) ** 2)) / (2 * root)
        cosine = 1 - mpmath.mpf(one_minus_cos)
        sine = mpmath.sqrt(1 - cosine**2)
        boost, gamma = E / (E + M), (E + M) / root
        own, other = mpmath.sqrt(after**2 + m**2), mpmath.sqrt(after**2 + M**2)
        assert mpmath.almosteq(before + mpmath.sqrt(before**2 + M**2), own + other, 1e-50)
        return Exact(
            recoil=gamma * (other - boost * after * cosine) - M,
            transverse=after * sine,
            recoil_z=gamma * (boost * other - after * cosine),
            neutrino_energy=gamma * (own + boost * after * cosine),
            neutrino_z=gamma * (boost * own + after * cosine),
        )


@pytest.mark.parametrize(("energy", "mass", "heavy"), CASES)
def test_limits_are_forward_and_backward_scattering(energy: float, mass: float, heavy: float) -> None:
    low, high = kinematics.recoil_limits(energy, mass, heavy)
    assert float(high) == pytest.approx(float(exact(energy, mass, heavy, 2.0).recoil), rel=2e-15, abs=0.0)
    # forward: the recoil is a difference of 1e-50 against M even in 60 digits where m4 is tiny
    forward = float(exact(energy, mass, heavy, 0.0).recoil)
    assert float(low) == pytest.approx(forward, rel=2e-15 if heavy > 1e-8 else 1e-9, abs=1e-55)
    assert low <= high


@pytest.mark.parametrize("mass", [CARBON, ARGON, XENON])
def test_massless_limit(mass: float) -> None:
    energy = np.geomspace(1e-6, 10.0, 50)
    largest = kinematics.t_max(energy, mass)
    np.testing.assert_allclose(largest, 2 * energy**2 / (mass + 2 * energy), rtol=4e-16)
    low, high = kinematics.recoil_limits(energy, mass, 0.0)
    np.testing.assert_array_equal(low, 0.0)
    np.testing.assert_allclose(high, largest, rtol=4e-16)
    for heavy in (1e-9, 1e-12, 1e-20, 1e-100):
        low, high = kinematics.recoil_limits(energy, mass, heavy)
        np.testing.assert_allclose(high, largest, rtol=(heavy / 1e-6) ** 2 + 4e-16)
        # T_min -> m4^4/(8 M E^2)
        expected = (heavy**2 / energy) ** 2 / (8 * mass)
        np.testing.assert_allclose(low, expected, rtol=(heavy / 1e-6) ** 2 + 1e-15, atol=1e-300)


@pytest.mark.parametrize("heavy", [1e-5, 2 * MEV, 0.05, 3.0])
@pytest.mark.parametrize("mass", [HYDROGEN, ARGON])
def test_limits_meet_at_threshold(mass: float, heavy: float) -> None:
    edge = kinematics.threshold(mass, heavy)
    # all in one body at rest in the centre of mass: M T = m4^2 M/(2 (M + m4))
    recoil = heavy**2 / (2 * (mass + heavy))
    for energy in (edge, 0.5 * edge, 0.0):
        low, high = kinematics.recoil_limits(energy, mass, heavy)
        np.testing.assert_allclose([low, high], recoil, rtol=1e-7)
        assert low <= high
    low, high = kinematics.recoil_limits(edge * (1 + 1e-4), mass, heavy)
    assert low < recoil * (1 - 1e-3)
    assert high > recoil * (1 + 1e-3)


@pytest.mark.parametrize(("energy", "mass", "heavy"), CASES)
def test_minimum_energy_inverts_the_limits(energy: float, mass: float, heavy: float) -> None:
    """E_min has its least value at the recoil of threshold; T_max inverts it above and T_min below."""
    low, high = kinematics.recoil_limits(energy, mass, heavy)
    assert float(kinematics.minimum_energy(high, mass, heavy)) == pytest.approx(energy, rel=1e-14, abs=0.0)
    if heavy > 0.0:
        assert float(kinematics.minimum_energy(low, mass, heavy)) == pytest.approx(energy, rel=1e-14, abs=0.0)
        edge = kinematics.threshold(mass, heavy)
        least = heavy**2 / (2 * (mass + heavy))
        assert float(kinematics.minimum_energy(least, mass, heavy)) == pytest.approx(edge, rel=1e-14, abs=0.0)


SCATTERING = (1e-12, 1e-6, 1e-3, 0.1, 0.7, 1.0, 1.5, 1.999, 2.0 - 1e-9)
"""1 - cos in the centre of mass."""


@pytest.mark.parametrize(("energy", "mass", "heavy"), CASES)
def test_momenta_are_those_of_two_body_scattering(energy: float, mass: float, heavy: float) -> None:
    """At recoils rounded to double precision: what T does not know, near its limits, momenta cannot know either."""
    low, high = kinematics.recoil_limits(energy, mass, heavy)
    for one_minus_cos in SCATTERING:
        point = exact(energy, mass, heavy, one_minus_cos)
        recoil = float(point.recoil)
        nucleus, lepton = kinematics.lab_momenta(energy, recoil, mass, heavy, (1.0, 0.0))
        room = min(recoil - float(low), float(high) - recoil)
        if room > 1e-9 * recoil:
            assert float(nucleus[1]) == pytest.approx(
                float(point.transverse), rel=1e-15 * recoil / room + 1e-14, abs=0.0
            )
        assert float(nucleus[3]) == pytest.approx(float(point.recoil_z), rel=1e-14, abs=0.0)
        assert float(lepton[0]) == pytest.approx(float(point.neutrino_energy), rel=1e-14, abs=0.0)
        assert float(lepton[3]) == pytest.approx(float(point.neutrino_z), abs=1e-14 * energy)
        if one_minus_cos >= 1e-6:
            with mpmath.workdps(60):
                expected = point.recoil_z / mpmath.hypot(point.transverse, point.recoil_z)
                versine = 1 - point.neutrino_z / mpmath.hypot(point.transverse, point.neutrino_z)
            cosine = kinematics.cos_recoil(energy, recoil, mass, heavy)
            assert float(cosine) == pytest.approx(float(expected), rel=1e-14, abs=0.0)
            found = float(kinematics.versine_neutrino(energy, recoil, mass, heavy))
            slack = 1e-15 * recoil / room if room > 0 else 1.0
            assert found == pytest.approx(float(versine), rel=slack + 1e-12, abs=0.0)
            assert float(kinematics.cos_neutrino(energy, recoil, mass, heavy)) == pytest.approx(1 - found, abs=1e-15)


def sampled(count: int = 4000) -> tuple[Array, Array, Array, Array, Array]:
    """Random energies, recoils between the limits, nuclear and final masses, and azimuths."""
    rng = np.random.default_rng(5)
    mass = rng.uniform(1.0, 200.0, count)
    heavy = np.where(rng.random(count) < 0.3, 0.0, 10 ** rng.uniform(-9.0, -1.0, count))
    energy = kinematics.threshold(mass, heavy) + 10 ** rng.uniform(-3.0, 0.5, count)
    low, high = kinematics.recoil_limits(energy, mass, heavy)
    floor = np.maximum(low, 1 * EV)
    recoil = floor * (high / floor) ** rng.random(count)
    keep = recoil < high
    return energy[keep], recoil[keep], mass[keep], heavy[keep], rng.random(count)[keep]


def test_momenta_are_on_shell_conserved_and_balanced() -> None:
    energy, recoil, mass, heavy, turn = sampled()
    assert len(energy) > 3500
    azimuth = np.cos(2 * math.pi * turn), np.sin(2 * math.pi * turn)
    nucleus, lepton = kinematics.lab_momenta(energy, recoil, mass, heavy, azimuth)
    # exactly opposite
    np.testing.assert_array_equal(nucleus[1], -lepton[1])
    np.testing.assert_array_equal(nucleus[2], -lepton[2])
    # |p|^2 = T (T + 2M) to the last digits, down to 1 eV
    long_recoil, long_mass = recoil.astype(Long), mass.astype(Long)
    squared = sum(p.astype(Long) ** 2 for p in nucleus[1:])
    low, high = kinematics.recoil_limits(energy, mass, heavy)
    near = 1.0 + recoil / np.maximum(np.minimum(recoil - low, high - recoil), 1e-300)
    off = np.abs(squared / (long_recoil * (long_recoil + 2 * long_mass)) - 1).astype(float)
    assert np.max(off / np.minimum(near, 1e3)) < 2e-15
    # the outgoing lepton's mass, the energy and the longitudinal momentum, against the neutrino's energy
    shell = lepton[0].astype(Long) ** 2 - sum(p.astype(Long) ** 2 for p in lepton[1:]) - heavy.astype(Long) ** 2
    assert np.max(np.abs(shell) / energy**2) < 1e-14
    np.testing.assert_allclose(lepton[0] + recoil, energy, rtol=4e-16)
    np.testing.assert_allclose(nucleus[3] + lepton[3], energy, rtol=4e-16)
    np.testing.assert_array_equal(nucleus[0], mass + recoil)


@pytest.mark.parametrize("mass", [ARGON, XENON])
def test_energy_column_holds_recoils_of_one_electronvolt(mass: float) -> None:
    """E - M = T to 1e-6 of T wherever the spacing of doubles at M allows it, and to that spacing below."""
    recoil = np.geomspace(1 * EV, 50 * KEV, 200)
    nucleus, _ = kinematics.lab_momenta(0.1, recoil, mass, 0.0, (1.0, 0.0))
    error = np.abs((nucleus[0].astype(Long) - Long(mass)) - recoil.astype(Long)).astype(float)
    assert np.max(error) <= 0.5 * np.spacing(mass)
    assert np.all(error[recoil > 1e6 * np.spacing(mass)] < 1e-6 * recoil[recoil > 1e6 * np.spacing(mass)])
    momentum = np.sqrt(nucleus[1] ** 2 + nucleus[3] ** 2)
    np.testing.assert_allclose(momentum, kinematics.recoil_momentum(recoil, mass), rtol=1e-14)


def test_massless_angles() -> None:
    energy, mass = 29.792 * MEV, ARGON
    recoil = np.geomspace(1 * EV, 0.999999 * float(kinematics.t_max(energy, mass)), 300)
    np.testing.assert_allclose(
        kinematics.cos_recoil(energy, recoil, mass),
        (energy + mass) / energy * np.sqrt(recoil / (recoil + 2 * mass)),
        rtol=1e-15,
    )
    np.testing.assert_allclose(
        kinematics.versine_neutrino(energy, recoil, mass), mass * recoil / (energy * (energy - recoil)), rtol=2e-15
    )
    largest = kinematics.t_max(energy, mass)
    assert float(kinematics.cos_recoil(energy, largest, mass)) == pytest.approx(1.0, abs=4e-16)
    assert float(kinematics.cos_neutrino(energy, largest, mass)) == pytest.approx(-1.0, abs=4e-16)


def test_numbers_at_the_line_of_stopped_pions() -> None:
    """T_max in keV at 29.79214 MeV of an independent code, with masses without the electrons' binding."""
    masses = {37.215526215691549: 47.62275, 123.77253973702315: 14.33508, 122.8403486: 14.44381}
    for mass, expected in masses.items():
        assert float(kinematics.t_max(29.79214 * MEV, mass)) / KEV == pytest.approx(expected, abs=5e-6)


@pytest.mark.filterwarnings("error")
def test_nothing_warns_beyond_the_limits() -> None:
    energy = np.array([0.0, 1e-12, 1e-3, 0.03, 0.03, 1.0])
    recoil = np.array([0.0, 1e-5, 0.0, 1.0, 1e-9, 3.0])
    for heavy in (0.0, 2 * MEV):
        for values in (
            *kinematics.recoil_limits(energy, ARGON, heavy),
            kinematics.minimum_energy(recoil, ARGON, heavy),
        ):
            assert np.all(np.isfinite(values))
        for function in (kinematics.cos_recoil, kinematics.cos_neutrino):
            assert np.all(np.abs(function(energy[1:], recoil[1:], ARGON, heavy)) <= 1.0)


def test_bits_do_not_change_when_traced() -> None:
    energy, recoil, mass, heavy, turn = sampled(500)
    for part in (0, 1):
        assert_traces(lambda *x, part=part: kinematics.recoil_limits(*x)[part], energy, mass, heavy)
    for function in (
        kinematics.minimum_energy,
        lambda t, m, h: kinematics.recoil_momentum(t, m + h),
    ):
        assert_traces(function, recoil, mass, heavy)
    for angle in (kinematics.cos_recoil, kinematics.cos_neutrino, kinematics.versine_neutrino):
        assert_traces(angle, energy, recoil, mass, heavy)
    for body, component in itertools.product((0, 1), range(4)):
        assert_traces(
            lambda e, t, m, h, c, s, b=body, i=component: kinematics.lab_momenta(e, t, m, h, (c, s))[b][i],
            energy, recoil, mass, heavy, np.cos(turn), np.sin(turn),
        )  # fmt: skip


@pytest.mark.parametrize("heavy", [1e-3, 0.1, 2.0])
def test_threshold_above_a_recoil_is_the_lowest_energy_that_reaches_it(heavy: float) -> None:
    """Above a recoil below m^2/2(M + m) it is the threshold itself; found here by scanning energies."""
    mass = 37.2
    least = heavy * heavy / (2.0 * (mass + heavy))
    low = kinematics.threshold(mass, heavy)
    energies = low * np.geomspace(1.0 + 1e-9, 30.0, 200_001)
    _, highest = kinematics.recoil_limits(energies, mass, heavy)
    for recoil in (0.0, 1e-3 * least, 0.999 * least, 1.2 * least, 10.0 * least):
        first = energies[np.argmax(highest >= recoil)]
        assert kinematics.threshold_above(recoil, mass, heavy) == pytest.approx(first, rel=1e-4)
