"""Reactor antineutrinos: numbers per fission, inverse beta decays, and published spectra."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.flux.integrals import smooth, through_map
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedFlux, reactor
from tridentgen.flux.reactor import FISSILE, PWR_FRACTIONS, spectrum_per_fission

Array = NDArray[np.float64]

# Energy in MeV, antineutrinos per fission and MeV in a power reactor: V. I. Kopeikin, Phys. At. Nucl. 75 (2012) 143.
KOPEIKIN = [
    (0.23, 4.08), (0.28, 5.03), (0.33, 5.97), (0.35, 4.08), (0.40, 4.04), (0.44, 2.84), (0.50, 3.03), (0.90, 3.23),
    (1.0, 3.11), (1.185, 2.80), (1.19, 2.24), (1.5, 1.59), (2.0, 1.30), (3.0, 0.611), (4.0, 0.261), (5.0, 0.0928),
    (6.0, 0.0317), (7.0, 0.00897),
]  # fmt: skip

# Energy in MeV, antineutrinos per MeV of U239 plus Np239 (means over 25 keV): L. Perisse et al., PRC 108 (2023) 055501.
CAPTURE = [
    (0.1125, 0.06812 + 1.0742), (0.2875, 0.34598 + 4.4858), (0.4125, 0.58453 + 2.2626), (0.6625, 1.0536 + 0.0537),
    (0.9125, 1.3581), (1.1125, 1.3427), (1.2125, 0.3470),
]  # fmt: skip


def inverse_beta_cm2(energy_MeV: Array) -> Array:
    """nubar p -> e+ n below 60 MeV to 1 % (A. Strumia and F. Vissani, Phys. Lett. B 564 (2003) 42, eq. 25)."""
    positron = energy_MeV - 1.29333
    p = np.sqrt(np.maximum(positron**2 - 0.511**2, 0.0))
    x = np.log(energy_MeV)
    return np.asarray(1e-43 * p * positron * energy_MeV ** (-0.07056 + 0.02018 * x - 0.001953 * x**3))


def per_fission(name: str, captures: float = 0.0) -> tuple[Array, Array]:
    return spectrum_per_fission([float(fissile == name) for fissile in FISSILE], captures)


@pytest.mark.parametrize(
    ("name", "published"), [("U235", 6.69e-43), ("U238", 10.10e-43), ("Pu239", 4.40e-43), ("Pu241", 6.03e-43)]
)
def test_inverse_beta_yield_per_fission(name: str, published: float) -> None:
    # Huber's and Mueller's spectra: G. Mention et al., Phys. Rev. D 83 (2011) 073006; P. Huber (2011).
    energies, spectrum = per_fission(name)
    fine = np.linspace(1.81, 8.0, 20_001)
    assert np.trapezoid(np.interp(fine, energies, spectrum) * inverse_beta_cm2(fine), fine) == pytest.approx(
        published, rel=0.015, abs=0.0
    )


def test_numbers_of_antineutrinos() -> None:
    # About six per fission, and two per neutron capture on U238.
    energies, fission = spectrum_per_fission(PWR_FRACTIONS, 0.0)
    assert np.trapezoid(fission, energies) == pytest.approx(6.0, rel=0.07)
    energies, everything = spectrum_per_fission(PWR_FRACTIONS, 0.6)
    assert np.trapezoid(everything - fission, energies) == pytest.approx(1.2, rel=1e-3)
    assert np.trapezoid(everything, energies) == pytest.approx(7.2, rel=0.07)
    # Nearly two of the six are above the threshold of inverse beta decay.
    assert np.trapezoid(np.where(energies >= 1.8, fission, 0.0), energies) == pytest.approx(1.9, rel=0.05)


def test_spectrum_of_a_power_reactor_against_kopeikin() -> None:
    energies, spectrum = spectrum_per_fission(PWR_FRACTIONS, 0.6)
    np.testing.assert_allclose([np.interp(e, energies, spectrum) / f for e, f in KOPEIKIN], 1.0, atol=0.09)


def test_captures_against_a_summation_of_branches() -> None:
    _, without = spectrum_per_fission(PWR_FRACTIONS, 0.0)
    energies, with_captures = spectrum_per_fission(PWR_FRACTIONS, 1.0)
    captured = np.interp([e for e, _ in CAPTURE], energies, with_captures - without)
    np.testing.assert_allclose(captured / [f for _, f in CAPTURE], 1.0, atol=0.03)


def test_fits_and_table_at_their_points() -> None:
    energies, uranium = per_fission("U235")
    at = dict(zip(energies.tolist(), uranium.tolist(), strict=True))
    assert (at[0.0], at[0.5], at[1.5]) == (0.0, 2.66, 1.69)
    assert at[4.0] == pytest.approx(
        math.exp(4.367 - 4.577 * 4 + 2.1 * 16 - 0.5294 * 64 + 0.06186 * 256 - 0.002777 * 1024), rel=1e-13
    )
    slope = -4.577 + 2 * 2.1 * 8 - 3 * 0.5294 * 64 + 4 * 0.06186 * 512 - 5 * 0.002777 * 4096
    assert math.log(at[10.0] / at[8.0]) == pytest.approx(2.0 * slope, rel=1e-12)
    assert energies[-1] == 10.0
    np.testing.assert_allclose(np.diff(energies[energies >= 2.0]), 0.02, rtol=1e-9)


def test_the_extrapolation_against_daya_bay() -> None:
    """2500 inverse beta decays of nearly 4 million have 8 to 12 MeV: PRL 129 (2022) 041801, 121 (2018) 241805.

    Fission fractions of Daya Bay. The spectrum ends at 10 MeV here; efficiencies are taken not to depend on the energy.
    """
    energies, spectrum = spectrum_per_fission((0.564, 0.076, 0.304, 0.056), 0.6)
    fine = np.linspace(1.81, 10.0, 40_001)
    decays = np.interp(fine, energies, spectrum) * inverse_beta_cm2(fine)
    above = np.trapezoid(np.where(fine > 8.0 + 0.784, decays, 0.0), fine) / np.trapezoid(decays, fine)
    assert above == pytest.approx(2500 / 3.9e6, rel=0.15)


def test_the_description_gives_the_extrapolated_share() -> None:
    energies, spectrum = spectrum_per_fission(PWR_FRACTIONS, 0.6)
    beyond = energies >= 8.0
    share = np.trapezoid(spectrum[beyond], energies[beyond]) / np.trapezoid(spectrum, energies)
    assert share == pytest.approx(8e-5, rel=0.1)
    words = f"reactor, 2.9 GW thermal, 25 m away (extrapolated from 8 to 10 MeV: {100 * share:.2g}% of the flux)"
    assert reactor(2.9, 25.0).description == words


def test_total_of_a_gigawatt() -> None:
    source = reactor(1.0, 1000.0)
    (component,) = source.components
    assert (component.neutrino, source.total_units) == ("nuebar", "cm^-2 s^-1")
    assert source.total * 4.0 * math.pi * 1e5**2 == pytest.approx(2e20, rel=0.05)
    energies, spectrum = spectrum_per_fission(PWR_FRACTIONS, 0.6)
    # 205.84 MeV per fission.
    fissions = 1e9 / (205.84 * 1.602177e-13)
    assert source.total * 4.0 * math.pi * 1e5**2 == pytest.approx(fissions * np.trapezoid(spectrum, energies), rel=1e-3)


def test_power_and_distance() -> None:
    assert reactor(3.0, 50.0).total / reactor(1.0, 100.0).total == pytest.approx(12.0, rel=1e-14)


@pytest.mark.parametrize("threshold", [0.0, 1e-3, 6e-3])
def test_map_integrates_what_the_density_does(threshold: float) -> None:
    flux = reactor(1.0, 10.0).components[0].flux
    assert isinstance(flux, TabulatedFlux)
    energy_map = flux.energy_map(threshold)
    got = through_map(energy_map, smooth, [i / energy_map.segments for i in range(1, energy_map.segments)])
    fine = np.unique(np.concatenate([np.linspace(threshold, 10e-3, 100_001), flux.energies_GeV]))
    fine = fine[fine >= threshold]
    assert got == pytest.approx(np.trapezoid(flux.density(fine) * smooth(fine), fine), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 10.0), "thermal_power_GW = 0.0 must be a positive number"),
        ((1.0, math.inf), "distance_m = inf must be a positive number"),
        ((1.0, 10.0, (1.0,)), "fractions has 1 entries; give 4, those of U235, U238, Pu239, Pu241"),
        ((1.0, 10.0, (0.5, 0.5, 0.5, -0.5)), r"fractions = \[0.5, 0.5, 0.5, -0.5\] must lie between 0 and 1"),
        ((1.0, 10.0, (0.5, 0.1, 0.1, 0.1)), "fractions add up to 0.8; give shares of U235"),
        ((1.0, 10.0, PWR_FRACTIONS, -1.0), "captures_per_fission = -1.0 must be a number from 0 to 10"),
    ],
)
def test_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        reactor(*arguments)  # type: ignore[arg-type]
