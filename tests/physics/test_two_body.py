"""Two-body kinematics against mpmath and the special case of CEvNS, to the last digits also at the ends."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.constants import ELECTRON_MASS_GEV, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.physics import cevns_kinematics, two_body

GAP = NEUTRON_MASS_GEV - PROTON_MASS_GEV
CASES = {
    "inverse beta decay": (PROTON_MASS_GEV, ELECTRON_MASS_GEV, GAP),
    "neutrino on a neutron": (NEUTRON_MASS_GEV, ELECTRON_MASS_GEV, -GAP),
    "elastic": (37.2, 0.0, 0.0),
    "massive neutrino": (37.2, 0.02, 0.0),
    "inverse muon decay": (ELECTRON_MASS_GEV, 0.0, 0.1056583755 - ELECTRON_MASS_GEV),
}
"""M, m3 and gap in GeV."""

ABOVE = (1e-7, 1e-4, 0.3, 50.0)
"""Energies above the threshold, in units of the threshold (or of 10 MeV where there is none)."""

X = np.array([1e-12, 1e-6, 0.1, 0.5, 0.9, 1.0 - 1e-6, 1.0 - 2.0**-50])


def energies(mass: float, lepton: float, gap: float) -> list[float]:
    least = two_body.threshold(mass, lepton, gap)
    return [least * (1.0 + each) if least else 0.01 * (1e-3 + each) for each in ABOVE]


def exact(
    energy: float, x: float, mass: float, lepton: float, gap: float
) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    """Return Q^2, E3, p_z of particle 3 and p_T^2 from a boost out of the centre of mass, where cos falls with x."""
    E, M, m3 = mpmath.mpf(energy), mpmath.mpf(mass), mpmath.mpf(lepton)
    m4 = M + mpmath.mpf(gap)
    s = M * M + 2 * M * E
    k = (s - M * M) / (2 * mpmath.sqrt(s))
    e3 = (s + m3**2 - m4**2) / (2 * mpmath.sqrt(s))
    p3 = mpmath.sqrt(max(e3**2 - m3**2, 0))
    cosine = 1 - 2 * mpmath.mpf(x)
    q2 = 2 * k * (e3 - p3 * cosine) - m3**2
    beta = E / (E + M)
    gamma = (E + M) / mpmath.sqrt(s)
    return q2, gamma * (e3 + beta * p3 * cosine), gamma * (p3 * cosine + beta * e3), p3**2 * (1 - cosine**2)


@pytest.mark.parametrize("case", CASES)
def test_kinematics_is_that_of_a_boost_from_the_centre_of_mass(case: str) -> None:
    mass, lepton, gap = CASES[case]
    with mpmath.workdps(60):
        for energy in energies(*CASES[case]):
            transfer = two_body.momentum_transfer(energy, X, mass, lepton, gap)
            momenta = two_body.lab_momenta(energy, transfer, mass, lepton, gap, (1.0, 0.0))
            for i, x in enumerate(X):
                q2, e3, pz, pt2 = exact(energy, float(x), mass, lepton, gap)
                # E - E_thr is a difference of two floats: near threshold its digits are those of the input
                rounding = 4e-15 + 4e-16 / (energy / max(two_body.threshold(mass, lepton, gap), 1e-99) - 1.0)
                assert transfer.q2[i] == pytest.approx(float(q2), rel=rounding, abs=1e-18 * energy)
                assert momenta.lepton[0][i] == pytest.approx(float(e3), rel=rounding, abs=4e-16 * energy)
                assert momenta.lepton[3][i] == pytest.approx(float(pz), abs=(rounding + 4e-16) * max(energy, abs(gap)))
                # the smallest angles to the last digits: x (1 - x) is exact
                assert momenta.lepton[1][i] ** 2 == pytest.approx(float(pt2), rel=2.0 * rounding + 2e-15)


@pytest.mark.parametrize("case", CASES)
def test_momenta_are_conserved_and_on_shell(case: str) -> None:
    mass, lepton, gap = CASES[case]
    x = np.random.default_rng(1).random(2000)
    for energy in energies(*CASES[case]):
        transfer = two_body.momentum_transfer(energy, x, mass, lepton, gap)
        first, second = (
            np.array([np.broadcast_to(c, x.shape) for c in p])
            for p in two_body.lab_momenta(energy, transfer, mass, lepton, gap, (0.6, 0.8))
        )
        total = np.array([energy + mass, 0.0, 0.0, energy])[:, None]
        assert np.max(np.abs(first + second - total)) < 4e-16 * (energy + mass)
        for p, m in ((first, lepton), (second, mass + gap)):
            square = p[0] ** 2 - p[1] ** 2 - p[2] ** 2 - p[3] ** 2
            assert np.max(np.abs(square - m * m)) < 1e-15 * (energy + mass) * np.max(p[0])


@pytest.mark.parametrize("case", ["elastic", "inverse muon decay"])
def test_massless_particles_are_on_shell_to_their_own_digits(case: str) -> None:
    """|E^2 - p^2| < 4e-15 E^2 of the neutrino, also where it has 1e-7 of the energy; momenta balance."""
    mass, lepton, gap = CASES[case]
    x = np.concatenate([X, np.random.default_rng(1).random(500)])
    for energy in [*energies(mass, lepton, gap), 10.93]:
        transfer = two_body.momentum_transfer(energy, x, mass, 0.0, gap)
        first, second = two_body.massless_momenta(energy, transfer, mass, gap, (0.6, 0.8))
        plain, _ = two_body.lab_momenta(energy, transfer, mass, 0.0, gap, (0.6, 0.8))
        square = first[1] ** 2 + first[2] ** 2 + first[3] ** 2
        assert np.max(np.abs(first[0] ** 2 - square) / first[0] ** 2) < 4e-15
        for component, other, which, total in zip(first, plain, second, (energy + mass, 0.0, 0.0, energy), strict=True):
            assert np.max(np.abs(component + which - total)) < 1e-15 * (energy + mass)
            np.testing.assert_allclose(component, other, atol=1e-15 * (energy + mass))


def test_elastic_scattering_is_that_of_cevns() -> None:
    mass, energy = 37.2, np.array([1e-3, 0.03, 2.0])
    x = np.array([0.2, 0.7, 0.999])
    transfer = two_body.momentum_transfer(energy, x, mass, 0.0, 0.0)
    recoil = two_body.recoil_kinetic(transfer.q2, mass, 0.0)
    np.testing.assert_allclose(recoil, cevns_kinematics.t_max(energy, mass) * x, rtol=4e-15)
    momenta = two_body.lab_momenta(energy, transfer, mass, 0.0, 0.0, (1.0, 0.0))
    np.testing.assert_allclose(
        two_body.cosine(momenta.recoil), cevns_kinematics.cos_recoil(energy, recoil, mass), rtol=1e-12
    )


def test_thresholds() -> None:
    """Inverse beta decay: 1.806 MeV (Strumia and Vissani, eq. 12); inverse muon decay: 10.92 GeV; nue n: none."""
    assert two_body.threshold(*CASES["inverse beta decay"]) == pytest.approx(1.806e-3, rel=1e-4)
    assert two_body.threshold(*CASES["inverse muon decay"]) == pytest.approx(10.92, abs=0.005)
    assert two_body.threshold(*CASES["neutrino on a neutron"]) == 0.0
    assert two_body.threshold(37.2, 0.0, 0.0) == 0.0


def test_below_threshold_there_is_no_range() -> None:
    mass, lepton, gap = CASES["inverse beta decay"]
    transfer = two_body.momentum_transfer(np.array([1e-3, 1.8e-3]), 0.5, mass, lepton, gap)
    assert np.all(transfer.span == 0.0)
    assert np.all(np.isfinite(transfer.q2))


def test_a_particle_at_rest_has_a_cosine() -> None:
    def at(values: list[float]) -> NDArray[np.float64]:
        return np.array(values)

    p = (at([1.0, 2.0]), at([0.0, 0.0]), at([0.0, 0.3]), at([0.0, -0.4]))
    np.testing.assert_array_equal(two_body.cosine(p), [1.0, -0.8])
