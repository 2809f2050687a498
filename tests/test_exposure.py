from __future__ import annotations

import numpy as np
import pytest

from tridentgen.errors import InputError
from tridentgen.exposure import expected_events
from tridentgen.flux import Monochromatic, MuonDecay, PowerLaw, TabulatedFlux

ARGON_NUCLEI_PER_TONNE = 1e6 / 39.9623831 * 6.02214076e23
"""Atomic mass of Ar40: AME 2020."""

FLUX = TabulatedFlux(np.array([0.0, 1.0, 3.0]), np.array([2e-9, 1e-9]), total_units="cm^-2 POT^-1")


def test_rate_by_hand() -> None:
    """4e-9 neutrinos per cm^2 and proton, 1.1e21 protons, 3 tonnes, 1e-41 cm^2."""
    found = expected_events(1e-41, FLUX, target="Ar40", mass_t=3.0, pot=1.1e21)
    assert found == pytest.approx(1e-41 * 4e-9 * 1.1e21 * 3.0 * ARGON_NUCLEI_PER_TONNE, rel=1e-7)
    assert found == pytest.approx(1.989, abs=1e-3)


def test_rate_is_proportional_to_everything() -> None:
    one = expected_events(1e-41, FLUX, target="Ar40", mass_t=1.0, pot=1e20)
    assert expected_events(3e-41, FLUX, target="Ar40", mass_t=1.0, pot=1e20) == pytest.approx(3.0 * one)
    assert expected_events(1e-41, FLUX, target="Ar40", mass_t=7.0, pot=1e20) == pytest.approx(7.0 * one)
    assert expected_events(1e-41, FLUX, target="Ar40", mass_t=1.0, pot=5e20) == pytest.approx(5.0 * one)
    assert expected_events(0.0, FLUX, target="Ar40", mass_t=1.0, pot=1e20) == 0.0


@pytest.mark.parametrize(("target", "mass_u"), [("C12", 12.0), ("Fe56", 55.9349355), ("Pb208", 207.9766520)])
def test_nuclei_are_counted_by_the_atomic_mass(target: str, mass_u: float) -> None:
    found = expected_events(1e-40, FLUX, target=target, mass_t=1.0, pot=1e20)
    assert found == pytest.approx(1e-40 * 4e-9 * 1e20 * 1e6 / mass_u * 6.02214076e23, rel=1e-6)


def test_a_muon_decay_counts_decays() -> None:
    flux = MuonDecay(muon_energy_GeV=3.8, muon_charge=-1, neutrino="nuebar", distance_m=50.0)
    assert flux.total_units == "cm^-2 per muon decay"
    found = expected_events(1e-41, flux, target="Ar40", mass_t=1.0, pot=1e20)
    assert found == pytest.approx(1e-41 * flux.total * 1e20 * ARGON_NUCLEI_PER_TONNE, rel=1e-7)


@pytest.mark.parametrize(
    "flux",
    [
        Monochromatic(5.0),
        PowerLaw(index=2.0, energy_min_GeV=1.0, energy_max_GeV=10.0),
        TabulatedFlux(np.array([0.0, 1.0]), np.array([1.0])),
    ],
    ids=lambda flux: type(flux).__name__,
)
def test_a_mere_shape_has_no_rate(flux: Monochromatic | PowerLaw | TabulatedFlux) -> None:
    with pytest.raises(InputError) as caught:
        expected_events(1e-41, flux, target="Ar40", mass_t=1.0, pot=1e20)
    text = str(caught.value)
    assert "\n" not in text
    assert flux.description in text
    assert "flux" in text


@pytest.mark.parametrize("target", ["Ar99", "Xx12"])
def test_an_unknown_target_is_named(target: str) -> None:
    with pytest.raises(InputError, match=target[:2]):
        expected_events(1e-41, FLUX, target=target, mass_t=1.0, pot=1e20)
