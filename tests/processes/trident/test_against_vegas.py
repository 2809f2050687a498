"""Cross sections and events against a plain phase space integrated by vegas, and amplitudes against Dirac matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.processes.trident import plain
from tests.reference import dirac
from tests.repeats import slow_if
from tridentgen.processes.trident.trident import Trident, all_channels

FloatArray = NDArray[np.float64]

CASES = {
    "mu mu on argon": (("numu", "mu-", "mu+"), 5.0, "coherent"),
    "e e at low energy": (("nue", "e-", "e+"), 0.05, "coherent"),
    "e e on protons": (("numu", "e-", "e+"), 1.0, "proton"),
    "mu e by antineutrinos on neutrons": (("nuebar", "mu-", "e+"), 2.0, "neutron"),
    "tau tau on protons": (("nutau", "tau-", "tau+"), 100.0, "proton"),
    "mu tau by antineutrinos": (("nutaubar", "mu-", "tau+"), 30.0, "coherent"),
}
SAMPLE = ("mu mu on argon", "mu e by antineutrinos on neutrons", "tau tau on protons")


@pytest.mark.parametrize("case", slow_if(lambda name: name not in SAMPLE, CASES))
def test_cross_section_is_that_of_the_plain_phase_space(case: str) -> None:
    """All azimuths explicit, 8 dimensions; both know their result to about 0.1 %."""
    channel, energy, regime = CASES[case]
    trident = Trident(*channel, regime=regime)
    (expected,) = plain.integrate(trident, energy)
    found = trident.cross_section(energy, rel_error=1e-3, engine="numpy")
    assert expected.sdev < 2e-3 * expected.mean
    assert abs(found.value - expected.mean) < 4.0 * math.hypot(found.error, expected.sdev)


def in_laboratory(momenta: list[FloatArray], mass: float) -> list[FloatArray]:
    target = momenta[1]
    back = np.concatenate([target[:1], -target[1:]])
    return [plain.boosted(p, back, mass) for p in momenta]


def observables(momenta: list[FloatArray]) -> list[FloatArray]:
    """Energies, angles, masses and azimuths in the laboratory, from momenta of shape (4, N)."""
    beam, target, _, minus, plus, recoil = momenta
    turn_plus, turn_minus, turn_recoil = (np.arctan2(p[2], p[1]) for p in (plus, minus, recoil))
    return [
        minus[0] / beam[0],
        plus[0] / beam[0],
        plain.angle(minus, beam),
        plain.angle(minus, plus),
        plain.square(minus + plus),
        np.sqrt(-plain.square(target - recoil)),
        np.cos(turn_recoil - turn_plus),
        np.cos(2.0 * (turn_recoil - turn_plus)),
        np.cos(turn_recoil - turn_minus),
        np.cos(2.0 * (turn_recoil - turn_minus)),
        np.sin(turn_plus - turn_minus),
        np.cos(turn_recoil),
    ]


@pytest.mark.parametrize(
    ("channel", "energy", "regime"),
    [
        pytest.param(("numu", "mu-", "mu+"), 2.0, "coherent", marks=pytest.mark.slow),
        (("numubar", "e-", "mu+"), 3.0, "coherent"),
        pytest.param(("numu", "mu-", "mu+"), 2.0, "proton", marks=pytest.mark.slow),
    ],
)
def test_events_are_distributed_as_in_the_plain_phase_space(
    channel: tuple[str, str, str], energy: float, regime: str
) -> None:
    """Means of twelve observables, among them the azimuths between recoil and leptons that the integrand averages."""
    trident = Trident(*channel, regime=regime)
    mass = trident.targets[0].mass_GeV
    found = plain.integrate(trident, energy, lambda p: observables(in_laboratory(p, mass)))
    events = trident.generate(energy, events=300_000, engine="numpy")
    names = ("p4_nu_in", "p4_nu_out", "p4_minus", "p4_plus", "p4_recoil")
    beam, nu, minus, plus, recoil = (events[name].T for name in names)
    target = np.zeros_like(beam)
    target[0] = mass
    weight = events["weight"]
    assert abs(events.sum_weights - found[0].mean) < 4.0 * math.hypot(events.attributes["sigma_error"], found[0].sdev)
    pulls = []
    for values, product in zip(observables([beam, target, nu, minus, plus, recoil]), found[1:], strict=True):
        expected = product / found[0]
        mean = float(np.sum(weight * values) / np.sum(weight))
        error = math.sqrt(float(np.sum((weight * (values - mean)) ** 2))) / float(np.sum(weight))
        pulls.append((mean - expected.mean) / math.hypot(error, expected.sdev))
    assert np.abs(pulls).max() < 4.0
    # and the azimuths are not simply flat
    assert abs(found[7].mean / found[0].mean) > 0.02


@pytest.mark.parametrize("channel", all_channels(), ids=" ".join)
def test_matrix_element_is_that_of_dirac_matrices(channel: tuple[str, str, str]) -> None:
    """Every allowed channel, tau leptons and antineutrinos too, on a nucleus, bound protons and neutrons.

    Couplings and form factors are written out here: those of nucleons are Kelly's, Phys. Rev. C 70 (2004) 068202, table
    I, and the Pauli factor is that of Altmannshofer et al., PRD 100 (2019) 115029, eq. 18.
    """
    name, minus, plus = channel
    neutrino, anti = name.removeprefix("nu").removesuffix("bar"), name.endswith("bar")
    b, k = (plus[:-1], minus[:-1]) if anti else (minus[:-1], plus[:-1])
    V = (-0.5 + 2.0 * 0.23122) * (b == k) + 1.0 * (neutrino == b)
    A = -0.5 * (b == k) + 1.0 * (neutrino == b)
    rng = np.random.default_rng(len(name) + 7 * len(minus))
    for regime in ("coherent", "proton", "neutron"):
        trident = Trident(*channel, regime=regime, form_factor="unit")
        mass = trident.targets[0].mass_GeV
        p = dirac.random_momenta(
            rng, 40, energy_GeV=30.0, M=mass, m_minus=trident.minus.mass_GeV, m_plus=trident.plus.mass_GeV
        )
        Q2 = -dirac.dot(p.q, p.q)
        if regime == "coherent":
            hadron = dirac.scalar_hadron_tensor(p.P, p.P_out, 18, 1.0)
            blocking = np.ones_like(Q2)
        else:
            t = Q2 / (4 * 0.93827208943**2)
            if regime == "proton":
                g_e = (1 - 0.24 * t) / (1 + 10.98 * t + 12.82 * t**2 + 21.97 * t**3)
                g_m = 2.79284734463 * (1 + 0.12 * t) / (1 + 10.97 * t + 18.86 * t**2 + 6.55 * t**3)
            else:
                g_e = 1.70 * t / (1 + 3.30 * t) / (1 + Q2 / 0.71) ** 2
                g_m = -1.91304276 * (1 + 2.33 * t) / (1 + 14.72 * t + 24.20 * t**2 + 84.1 * t**3)
            hadron = dirac.nucleon_hadron_tensor(p.P, p.P_out, mass, g_e, g_m)
            r = np.minimum(np.sqrt(Q2 + (Q2 / (2 * mass)) ** 2) / (2 * 0.235), 1)
            blocking = np.asarray(1.5 * r - 0.5 * r**3, dtype=np.longdouble)
        expected = blocking * dirac.msq(*p, V=V, A=A, hadron_tensor=hadron, antineutrino=anti)
        found = trident.matrix_element_squared(*(np.asarray(v, dtype=float) for v in p))
        difference = np.abs(found / expected - 1).astype(float)
        assert np.median(difference) < 1e-9
        assert np.max(difference) < 1e-5
