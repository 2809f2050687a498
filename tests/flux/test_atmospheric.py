"""Atmospheric neutrinos: totals, shares and points of the published calculation."""

from __future__ import annotations

import numpy as np
import pytest

from tests.flux.integrals import smooth, through_map
from tridentgen.errors import InputError
from tridentgen.flux import TabulatedFlux, atmospheric
from tridentgen.matter.nuclei import data_rows

# Energy in MeV and flux per cm^2, s and MeV between the points that are joined: Battistoni et al. (2005), Gran Sasso.
BETWEEN = {
    "nue": [(67.0, 8.85e-3), (106.0, 5.95e-3), (211.0, 2.42e-3), (335.0, 1.10e-3), (531.0, 4.46e-4)],
    "nuebar": [(67.0, 8.23e-3), (106.0, 5.31e-3), (211.0, 2.11e-3), (335.0, 9.46e-4), (531.0, 3.65e-4)],
    "numu": [(67.0, 1.82e-2), (106.0, 1.23e-2), (211.0, 4.77e-3), (335.0, 2.12e-3), (531.0, 8.28e-4)],
    "numubar": [(67.0, 1.84e-2), (106.0, 1.19e-2), (211.0, 4.75e-3), (335.0, 2.09e-3), (531.0, 8.24e-4)],
}


def fluxes() -> dict[str, TabulatedFlux]:
    found = {component.name: component.flux for component in atmospheric().components}
    return {name: flux for name, flux in found.items() if isinstance(flux, TabulatedFlux)}


def test_total() -> None:
    source = atmospheric()
    assert source.total == pytest.approx(10.5, rel=1e-13)
    assert source.total_units == "cm^-2 s^-1"
    assert source.neutrinos == ("nue", "nuebar", "numu", "numubar")
    assert atmospheric(21.0).total == pytest.approx(21.0)
    assert source.description == "the atmosphere, 10.5 per cm^2 and s below 1 GeV"


def test_the_points_add_up_to_the_published_total_by_themselves() -> None:
    rows = data_rows("atmospheric_flux.csv")
    energy = np.array([float(row["energy_MeV"]) for row in rows])
    fine = np.geomspace(energy[0], energy[-1], 5001)
    total = 0.0
    for name in fluxes():
        flux = np.array([float(row[name]) for row in rows])
        total += float(np.trapezoid(np.exp(np.interp(np.log(fine), np.log(energy), np.log(flux))), fine))
    assert total == pytest.approx(10.5, rel=0.005)


@pytest.mark.parametrize("name", BETWEEN)
def test_between_the_points(name: str) -> None:
    flux = fluxes()[name]
    ratio = [1e-3 * flux.total * flux.density(np.array([1e-3 * e]))[0] / value for e, value in BETWEEN[name]]
    np.testing.assert_allclose(ratio, 1.0, atol=0.03)


def test_two_of_the_muon_kind_for_each_of_the_electron_kind() -> None:
    # pi -> mu nu_mu, mu -> e nu_e nu_mu.
    made = fluxes()
    muon, electron = (sum(made[name].total for name in names) for names in (("numu", "numubar"), ("nue", "nuebar")))
    assert muon / electron == pytest.approx(2.0, rel=0.03)


def test_range_and_map() -> None:
    flux = fluxes()["numu"]
    assert (flux.energy_min_GeV, flux.energy_max_GeV) == pytest.approx((13.2e-3, 0.944))
    energy_map = flux.energy_map(0.05)
    got = through_map(energy_map, smooth, [i / energy_map.segments for i in range(1, energy_map.segments)])
    fine = np.unique(np.concatenate([np.linspace(0.05, 0.944, 50_001), flux.energies_GeV]))
    fine = fine[fine >= 0.05]
    assert got == pytest.approx(np.trapezoid(flux.density(fine) * smooth(fine), fine), rel=1e-6)


@pytest.mark.parametrize("total", [0.0, -1.0, float("nan")])
def test_refuses(total: float) -> None:
    with pytest.raises(InputError, match=f"total_flux = {total!r} must be a positive number"):
        atmospheric(total)
