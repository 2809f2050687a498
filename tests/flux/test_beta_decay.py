"""Allowed beta spectra against the full Fermi function and the published spectra of the Sun."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV
from tridentgen.flux.beta_decay import beta_energies, end_of_spectrum, neutrino_spectrum

Array = NDArray[np.float64]

# Neutrino energy in MeV and spectrum per MeV: J. N. Bahcall, Phys. Rev. C 56 (1997) 3391 (pp, hep), J. N. Bahcall and
# R. K. Ulrich, Rev. Mod. Phys. 60 (1988) 297 (15O), as tabulated on the first author's pages.
PP = [(0.05041, 0.3094), (0.10081, 1.0647), (0.20162, 2.9766), (0.30244, 4.0605), (0.35284, 3.7632), (0.378, 3.2422)]
HEP = [(1.0143, 3.8690e-3), (3.0054, 2.6968e-2), (5.0153, 5.7702e-2), (9.6548, 9.7387e-2), (12.510, 8.0877e-2)]
O15 = [(0.1732, 0.086334), (0.3464, 0.28791), (0.866, 0.90952), (1.0392, 0.97183), (1.3163, 0.83848), (1.5588, 0.48547)]


def fermi_function(energy: float, end: float, charge: int, mass_number: int, positron: bool) -> mpmath.mpf:
    """E^2 p W F with the relativistic F of a point charge (E. Fermi, Z. Phys. 88 (1934) 161)."""
    total = 1 + mpmath.mpf(end - energy) / ELECTRON_MASS_GEV
    p = mpmath.sqrt(total**2 - 1)
    gamma = mpmath.sqrt(1 - (ALPHA * charge) ** 2)
    eta = ALPHA * charge * total / p * (-1 if positron else 1)
    radius = 1.2 * mass_number ** (1 / 3) / 386.159
    coulomb = 2 * (1 + gamma) * (2 * p * radius) ** (2 * gamma - 2) * mpmath.exp(mpmath.pi * eta)
    coulomb *= abs(mpmath.gamma(mpmath.mpc(gamma, eta))) ** 2 / mpmath.gamma(2 * gamma + 1) ** 2
    return mpmath.mpf(energy) ** 2 * p * total * coulomb


def normalised(end_MeV: float, charge: int, positron: bool = True) -> tuple[Array, Array]:
    """Energies in MeV and the spectrum per MeV, integral 1."""
    energies = beta_energies(end_MeV * 1e-3)
    shape = neutrino_spectrum(energies, end_MeV * 1e-3, charge, positron)
    if not positron:
        shape[-1] = end_of_spectrum(end_MeV * 1e-3, charge)
    return energies * 1e3, shape / np.trapezoid(shape, energies * 1e3)


@pytest.mark.parametrize(
    ("end", "charge", "mass_number", "positron", "accuracy"),
    [
        (0.4203e-3, 1, 2, True, 1e-5),
        (1.1982e-3, 6, 13, True, 1e-4),
        (1.7364e-3, 8, 17, True, 2e-4),
        (18.784e-3, 2, 4, True, 1e-5),
        (1.1871e-3, 93, 239, False, 0.05),
        (0.437e-3, 94, 239, False, 0.05),
    ],
)
def test_shape_against_the_full_fermi_function(
    end: float, charge: int, mass_number: int, positron: bool, accuracy: float
) -> None:
    energies = end * np.array([0.5, 0.02, 0.3, 0.8, 0.95, 0.99])
    exact = np.array([float(fermi_function(e, end, charge, mass_number, positron)) for e in energies])
    ratio = neutrino_spectrum(energies, end, charge, positron) / exact
    np.testing.assert_allclose(ratio / ratio[0], 1.0, rtol=accuracy)


def test_hep_against_the_published_spectrum() -> None:
    energies, spectrum = normalised(18.784, 2)
    np.testing.assert_allclose([np.interp(e, energies, spectrum) / f for e, f in HEP], 1.0, rtol=3e-4)


def test_oxygen_against_the_published_spectrum() -> None:
    energies, spectrum = normalised(1.7317, 7)
    np.testing.assert_allclose([np.interp(e, energies, spectrum) / f for e, f in O15], 1.0, rtol=1.5e-3)


def test_pp_against_the_published_spectrum() -> None:
    # The published one ends at 0.42341 MeV instead of 0.4203: the protons' motion is in it.
    energies, spectrum = normalised(0.42341, 1)
    np.testing.assert_allclose([np.interp(e, energies, spectrum) / f for e, f in PP], 1.0, rtol=5e-3)


def test_far_above_the_electron_mass() -> None:
    # p W -> W^2: the spectrum is E^2 (E_max - E)^2, whose mean is half of E_max.
    energies, spectrum = normalised(5e4, 1)
    assert np.trapezoid(energies * spectrum, energies) == pytest.approx(2.5e4, rel=1e-4)


@pytest.mark.parametrize(("end_MeV", "charge"), [(1.1871, 93), (0.3309, 94)])
def test_electron_spectra_end_in_a_step(end_MeV: float, charge: int) -> None:
    end = end_MeV * 1e-3
    just_below = neutrino_spectrum(np.array([end * (1.0 - 1e-9)]), end, charge, positron=False)
    assert just_below[0] == pytest.approx(end_of_spectrum(end, charge), rel=1e-6)


def test_positron_spectra_end_at_zero_and_nothing_is_outside() -> None:
    outside = neutrino_spectrum(np.array([-1e-3, 0.0, 1.7e-3, 2e-3]), 1.7e-3, 7, positron=True)
    assert outside.tolist() == [0.0] * 4
    assert neutrino_spectrum(np.array([1.7e-3 * (1 - 1e-12)]), 1.7e-3, 7, positron=True)[0] < 1e-30
