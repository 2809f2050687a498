"""The neutrinos of the Sun: fluxes, mean energies, conversion, and the recoils of xenon that 8B makes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.flux.integrals import smooth, through_map
from tridentgen.constants import G_FERMI, GEV_M2_TO_CM2, HBARC_GEV_FM
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic, Source, TabulatedFlux, solar
from tridentgen.flux.solar import FLUXES
from tridentgen.flux.solar_oscillation import SolarMixing
from tridentgen.matter.materials import material

Array = NDArray[np.float64]

SECONDS_PER_YEAR = 365.25 * 86400.0


def table(source: Source, name: str) -> TabulatedFlux:
    flux = {component.name: component.flux for component in source.components}[name]
    assert isinstance(flux, TabulatedFlux)
    return flux


def mean_MeV(flux: TabulatedFlux) -> float:
    energy_map = flux.energy_map(0.0)
    shares = [i / energy_map.segments for i in range(1, energy_map.segments)]
    return 1e3 * through_map(energy_map, lambda energy: energy, shares)


def test_every_component_with_its_flux() -> None:
    source = solar()
    assert {c.name: c.flux.total for c in source.components} == pytest.approx(
        {f"{name}-nue": flux for name, flux in FLUXES.items()}, rel=1e-12
    )
    assert source.neutrinos == ("nue",)
    assert source.total_units == "cm^-2 s^-1"
    assert source.total == pytest.approx(6.5e10, rel=0.01)


def test_lines() -> None:
    energies = {c.name: c.flux.energy_GeV for c in solar().components if isinstance(c.flux, Monochromatic)}
    assert energies == {"pep-nue": 1.442e-3, "7Be-384-nue": 0.3843e-3, "7Be-861-nue": 0.8613e-3}


@pytest.mark.parametrize(
    ("name", "mean"),
    # J. N. Bahcall, Phys. Rev. C 56 (1997) 3391 (pp ends at 0.42341 MeV there); J. N. Bahcall, R. K. Ulrich, Rev. Mod.
    # Phys. 60 (1988) 297; 8B: Winter et al. (2006).
    [
        ("pp", 0.2668 * 0.4203 / 0.42341),
        ("13N", 0.7067),
        ("15O", 0.9965),
        ("17F", 0.9994),
        ("hep", 9.628),
        ("8B", 6.77),
    ],
)
def test_mean_energies(name: str, mean: float) -> None:
    assert mean_MeV(table(solar(), f"{name}-nue")) == pytest.approx(mean, rel=0.004)


def test_boron_peaks_and_ends_where_it_was_measured() -> None:
    flux = table(solar(), "8B-nue")
    assert flux.density(np.array([6.5e-3]))[0] == pytest.approx(131.134, rel=1e-4)  # per GeV: 0.131134 per MeV
    assert flux.energy_max_GeV == pytest.approx(15.3e-3)


def test_some_components_with_other_fluxes() -> None:
    source = solar(["8B", "pep"], [5.16e6, 1e8])
    assert [c.name for c in source.components] == ["8B-nue", "pep-nue"]
    assert [c.flux.total for c in source.components] == pytest.approx([5.16e6, 1e8])
    assert source.description == "the Sun, 8B, pep, as made"
    assert solar().description == "the Sun, all components, as made"


# ---- recoils of xenon


def helm(q2: Array, mass_number: int) -> Array:
    """Helm's form factor with the radius of J. D. Lewin and P. F. Smith, Astropart. Phys. 6 (1996) 87."""
    c, a, s = 1.23 * mass_number ** (1 / 3) - 0.60, 0.52, 0.9
    x = np.sqrt(q2) * np.sqrt(c**2 + 7 / 3 * np.pi**2 * a**2 - 5 * s**2) / HBARC_GEV_FM
    return np.asarray(3 * (np.sin(x) - x * np.cos(x)) / x**3 * np.exp(-0.5 * q2 * (s / HBARC_GEV_FM) ** 2))


def xenon_recoils(energy_GeV: Array, threshold_GeV: float, sin2_theta_w: float) -> Array:
    """Cross section in cm^2 per tonne above a recoil energy, for energies of shape (N,)."""
    xenon = material("Xe")
    node, node_weight = np.polynomial.legendre.leggauss(24)
    total = np.zeros_like(energy_GeV)
    for nuclide, _ in xenon.components:
        mass = nuclide.mass_GeV
        charge = nuclide.Z * (0.5 - 2.0 * sin2_theta_w) - 0.5 * nuclide.N
        half = 0.5 * np.maximum(2.0 * energy_GeV**2 / (mass + 2.0 * energy_GeV) - threshold_GeV, 0.0)
        recoil = threshold_GeV + half[:, None] * (1.0 + node)
        falls = 1.0 - recoil / energy_GeV[:, None] - 0.5 * mass * recoil / energy_GeV[:, None] ** 2
        shape = falls * helm(2.0 * mass * recoil, nuclide.A) ** 2 * node_weight * half[:, None]
        factor = G_FERMI**2 * mass / np.pi * charge**2 * GEV_M2_TO_CM2
        total += xenon.number_per_tonne(nuclide) * factor * shape.sum(axis=1)
    return total


def events_per_tonne_year(source: Source, sin2_theta_w: float) -> float:
    rate = 0.0
    for component in source.components:
        energy_map = component.flux.energy_map(1e-3)
        _, weight = energy_map(np.array([0.5]))
        assert np.all(np.isfinite(weight))
        shares = np.linspace(0.0, 1.0, 154)[1:-1].tolist()
        rate += component.flux.total * through_map(
            energy_map, lambda energy: xenon_recoils(energy, 0.5e-6, sin2_theta_w), shares
        )
    return rate * SECONDS_PER_YEAR


@pytest.mark.parametrize("oscillation", ["none", "lma"])
def test_boron_on_xenon(oscillation: str) -> None:
    # 296.8 events per tonne and year above 0.5 keV is what one finds at sin^2 = 0.23122 with the spectrum of C. E.
    # Ortiz et al., Phys. Rev. Lett. 85 (2000) 2909. With that of Winter et al. it is 295.5, and at the low-energy
    # 0.23863, where the weak charge squared is larger by 4.4 %, 308.6. Neutral currents do not see the flavour.
    source = solar(["8B"], oscillation=oscillation)
    at_mz, at_zero = (events_per_tonne_year(source, sin2) for sin2 in (0.23122, 0.23863))
    assert at_mz == pytest.approx(296.8, rel=5e-3)
    assert at_zero == pytest.approx(308.6, rel=1e-3)


def test_boron_cross_section_of_xenon() -> None:
    # XENON, Phys. Rev. Lett. 133 (2024) 191002: 1.2e-39 cm^2 in the Standard Model, averaged over the spectrum.
    flux = table(solar(["8B"]), "8B-nue")
    energy = np.linspace(1e-4, flux.energy_max_GeV, 3001)
    xenon = material("Xe")
    nuclei = sum(xenon.number_per_tonne(nuclide) for nuclide, _ in xenon.components)
    per_nucleus = xenon_recoils(energy, 0.0, 0.23863) / nuclei
    assert np.trapezoid(per_nucleus * flux.density(energy), energy) == pytest.approx(1.2e-39, rel=0.05, abs=0.0)


@pytest.mark.parametrize("name", ["pp", "8B", "hep"])
def test_map_integrates_what_the_density_does(name: str) -> None:
    flux = table(solar(), f"{name}-nue")
    threshold = 0.3 * flux.energy_max_GeV
    energy_map = flux.energy_map(threshold)
    got = through_map(energy_map, smooth, [i / energy_map.segments for i in range(1, energy_map.segments)])
    fine = np.unique(np.concatenate([np.linspace(threshold, flux.energy_max_GeV, 50_001), flux.energies_GeV]))
    fine = fine[fine >= threshold]
    assert got == pytest.approx(np.trapezoid(flux.density(fine) * smooth(fine), fine), rel=1e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"components": ["7Be-862"]},
            r"components = '7Be-862' is not known, did you mean '7Be-861'\?; known are pp, pep",
        ),
        ({"components": ["8B", "8B"]}, "components = '8B' is named twice"),
        ({"components": []}, "components is empty; name some of pp"),
        ({"components": ["8B"], "fluxes": [1.0, 2.0]}, "fluxes has 2 entries; give one for each of the 1 components"),
        ({"components": ["8B"], "fluxes": [0.0]}, "fluxes = 0.0 must be a positive number"),
        ({"oscillation": "lma", "mixing": 0.3}, r"mixing = 0.3 must be made with SolarMixing\(...\)"),
        (
            {"mixing": SolarMixing()},
            "mixing is for oscillation = 'lma'; give that too, or leave the parameters of mixing out",
        ),
        (
            {"oscillation": "lma", "oscillation_file": "p.csv"},
            "oscillation_file takes the place of oscillation = 'lma'; leave one of them out",
        ),
        ({"oscillation": "msw"}, "oscillation = 'msw' is not known; use 'none' or 'lma'"),
    ],
)
def test_refuses(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        solar(**arguments)  # type: ignore[arg-type]
