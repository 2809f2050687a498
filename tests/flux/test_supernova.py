"""A supernova burst: energy carried, means and widths against closed forms."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from tests.flux.integrals import smooth, through_map
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedFlux, supernova

AREA_CM2 = 4.0 * math.pi * (10.0 * 3.0856775814913673e21) ** 2
GEV_PER_ERG = 624.150907446


def moment(flux: TabulatedFlux, power: int) -> float:
    energy_map = flux.energy_map(0.0)
    shares = [i / energy_map.segments for i in range(1, energy_map.segments)]
    return through_map(energy_map, lambda energy: energy**power, shares)


@pytest.mark.parametrize("pinching", [(3.0, 3.0, 3.0), (2.0, 3.5, 1.0), (2.3, 10.0, 20.0)])
def test_each_kind_carries_a_sixth_of_the_energy(pinching: tuple[float, float, float]) -> None:
    source = supernova(10.0, pinching=pinching)
    assert source.total_units == "cm^-2"
    assert source.neutrinos == ("nue", "numu", "nutau", "nuebar", "numubar", "nutaubar")
    for component in source.components:
        assert isinstance(component.flux, TabulatedFlux)
        which = {"nue": 0, "nuebar": 1}.get(component.neutrino, 2)
        mean = (12e-3, 15e-3, 18e-3)[which]
        carried = component.flux.total * moment(component.flux, 1) * AREA_CM2
        assert carried == pytest.approx(5e52 * GEV_PER_ERG, rel=1e-3)
        # <E^2>/<E>^2 = (2 + a)/(1 + a): Keil, Raffelt and Janka (2003), eq. 20.
        width = moment(component.flux, 2) / mean**2
        assert width == pytest.approx((2.0 + pinching[which]) / (1.0 + pinching[which]), rel=2e-3)


def test_spectrum_as_printed() -> None:
    flux = supernova(10.0).components[0].flux
    energies = np.array([1e-3, 5e-3, 12e-3, 30e-3, 60e-3])
    exact = [float((4 / 12e-3) * (4 * e / 12e-3) ** 3 * mpmath.exp(-4 * e / 12e-3) / mpmath.gamma(4)) for e in energies]
    np.testing.assert_allclose(flux.density(energies), exact, rtol=3e-3)


def test_fluence_at_ten_kiloparsecs() -> None:
    fluxes = {component.neutrino: component.flux.total for component in supernova(10.0).components}
    assert fluxes["nuebar"] == pytest.approx(5e52 / (15e6 * 1.602176634e-12) / AREA_CM2, rel=1e-9)
    assert supernova(20.0).total == pytest.approx(supernova(10.0).total / 4.0, rel=1e-13)
    assert supernova(10.0, 1.5e53).total == pytest.approx(supernova(10.0).total / 2.0, rel=1e-13)
    assert supernova(10.0).description == "a supernova, 3e+53 erg, 10 kpc away"


def test_map_integrates_what_the_density_does() -> None:
    flux = supernova(10.0).components[1].flux
    assert isinstance(flux, TabulatedFlux)
    energy_map = flux.energy_map(0.01)
    got = through_map(energy_map, smooth, [i / energy_map.segments for i in range(1, energy_map.segments)])
    fine = np.unique(np.concatenate([np.linspace(0.01, flux.energy_max_GeV, 20_001), flux.energies_GeV]))
    fine = fine[fine >= 0.01]
    assert got == pytest.approx(np.trapezoid(flux.density(fine) * smooth(fine), fine), rel=1e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distance_kpc": 0.0}, "distance_kpc = 0.0 must be a positive number"),
        ({"distance_kpc": 10.0, "energy_erg": math.inf}, "energy_erg = inf must be a positive number"),
        ({"distance_kpc": 10.0, "mean_energies_MeV": [12.0]}, "mean_energies_MeV has 1 entries; give three, for nue"),
        (
            {"distance_kpc": 10.0, "mean_energies_MeV": [12.0, 15.0, 0.0]},
            "mean_energies_MeV = 0.0 must lie between 0.1",
        ),
        ({"distance_kpc": 10.0, "pinching": [3.0, 0.5, 3.0]}, "pinching = 0.5 must lie between 1 and 20"),
    ],
)
def test_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        supernova(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("pinching", [1.5, 3.0, 8.0])
def test_averages_over_the_table_are_those_over_the_formula(pinching: float) -> None:
    """Moments <E^2> and <E^3>, as of cross sections, from gamma functions."""
    mean = 0.015
    source = supernova(10.0, mean_energies_MeV=(12.0, 1e3 * mean, 18.0), pinching=(3.0, pinching, 3.0))
    flux = source.only("nuebar").components[0].flux
    assert isinstance(flux, TabulatedFlux)
    for power in (2, 3):
        scale = mean / (pinching + 1.0)
        expected = scale**power * math.gamma(pinching + 1.0 + power) / math.gamma(pinching + 1.0)
        assert moment(flux, power) / moment(flux, 0) == pytest.approx(expected, rel=3e-6)
