"""Built-in cards of facilities: how they read a flux file of one's own, what they count, what they say without it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Command
from tridentgen.analysis.cut_flow import Measured
from tridentgen.analysis.rate_table import exposure_of, trident_rate
from tridentgen.cards import read_card
from tridentgen.constants import AVOGADRO
from tridentgen.flux import Flux
from tridentgen.flux.facility import own_file_keys
from tridentgen.matter.materials import material
from tridentgen.processes.base import only_flux
from tridentgen.runs.job import beam_of, engine_of

FLUXES = Path(__file__).parents[2] / "shared" / "data" / "fluxes"

# What a column of 1e-9 at 0.125, 0.375, ... 9.875 GeV stands for, per cm2 and proton: 9.75 GeV between the points of a
# curve, 40 bins of 0.25 GeV; then the units that the tables are published in. In 1e-9.
TOTALS = {
    "dune_nd_mumu": 10.0,
    "dune_nd_rhc_mumu": 10.0,
    "dune_nd_rhc_ee": 10.0,
    "dune_nd_rhc_emu": 10.0,
    "sbnd": 9.75,
    "microboone": 40.0,
    "icarus": 200.0 * 1e-4 * 1e-6,
    "minerva": 9.75,
    "minos": 9.75,
    "nova": 9.75,
    "ingrid": 0.925 * 9.75 * 1e-4 * 1e-20,
    "charm2": 9.75 * 1e-4,
    "ccfr": 9.75,
    "nutev": 9.75,
}
# Mass in tonnes, of what: Ballett et al., JHEP 01 (2019) 119, tables of detectors; the last three are whole targets.
MASSES = {
    "sbnd": (112.0, "Ar40"),
    "microboone": (89.0, "Ar40"),
    "icarus": (476.0, "Ar40"),
    "minerva": (7.98, "minerva"),
    "minos": (28.6, "minos"),
    "nova": (231.0, "nova"),
    "ingrid": (99.4, "Fe"),
    "charm2": (692.0, "glass"),
    "ccfr": (690.0, "steel"),
    "nutev": (690.0, "steel"),
}
POT = {"sbnd": 6.6e20, "microboone": 13.2e20, "icarus": 6.6e20, "minerva": 12e20, "minos": 9.69e20, "nova": 8.85e20}
QUICK = ["sampling.rel_error=0.05", "sampling.training_points=4000", "sampling.events=200", "sampling.engine=numpy"]


def write_flux(folder: Path, name: str) -> Path:
    """Write a table of 1e-9 in the layout that the card expects."""
    row = "{} 1e-9" if name == "ingrid" else "{} 0 1e-9 0 0 1e-9 0"
    path = folder / "flux.dat"
    path.write_text("\n".join(row.format(energy) for energy in np.arange(0.125, 10.0, 0.25)), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", TOTALS)
def test_flux_tables_are_read_in_the_units_they_are_published_in(tmp_path: Path, name: str) -> None:
    flux = beam_of(read_card(name, [f"flux.path={write_flux(tmp_path, name)}"]))
    assert isinstance(flux, Flux)
    assert flux.total == pytest.approx(1e-9 * TOTALS[name], rel=1e-3, abs=0.0)  # the protons of ingrid are rounded
    assert flux.total_units == "cm^-2 POT^-1"


@pytest.mark.parametrize("name", MASSES)
def test_rates_count_all_nuclei_of_the_detector(tmp_path: Path, name: str) -> None:
    card = read_card(name, [f"flux.path={write_flux(tmp_path, name)}", 'process.regimes=["coherent"]', *QUICK])
    flux = only_flux(beam_of(card))
    rate = trident_rate(card, exposure_of(card, flux), flux, engine_of(card))
    mass_t, matter = MASSES[name]
    there = [isotope for isotope, _ in material(matter).components if not isotope.is_hydrogen]
    assert list(rate.nuclides) == there
    grams = math.fsum(part.nuclei * part.nuclide.atomic_mass_GeV / 0.93149410372 / AVOGADRO for part in rate.parts)
    hydrogen = sum(material(matter).mass_fraction(n) for n, _ in material(matter).components if n.is_hydrogen)
    assert grams * 1e-6 == pytest.approx(mass_t * (1.0 - hydrogen), rel=1e-9)
    assert card.exposure is not None
    protons = POT.get(name, card.exposure.pot)
    assert protons is not None
    assert rate.parts[0].neutrinos_cm2 == pytest.approx(1e-9 * TOTALS[name] * protons, rel=1e-3, abs=0.0)
    # For each proton squared the largest nucleus has the smallest cross section: its form factor falls off earliest.
    first, last = (rate.parts[i] for i in (0, -1))
    per_proton2 = [part.sigma.value / part.nuclide.Z**2 for part in (first, last)]
    error = math.hypot(*(part.sigma.error / part.sigma.value for part in (first, last)))
    assert per_proton2[1] < per_proton2[0] * (1.0 + 4.0 * error)
    assert rate.events(cuts=len(card.cuts.limits)).value <= rate.events().value


@pytest.mark.parametrize("name", TOTALS)
def test_a_missing_flux_file_is_told_with_the_place_where_it_is_published(
    cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    published = own_file_keys(read_card(name).flux.options["name"]).get("published_at")
    found = cli("rate", name, "--set", "flux.path=nowhere.dat")
    assert (found.code, found.out, found.err.count("\n")) == (2, "", 1)
    assert f"flux.path=nowhere.dat: {tmp_path / 'nowhere.dat'}: no such flux file; " in found.err
    if name == "ccfr":
        assert published is None  # its table is in a layout of its own
    else:
        assert str(published).startswith("https://")
        assert f"such files are published at {published}; " in found.err


# Coherent and incoherent events per tonne of argon and 1.1e21 protons: W. Altmannshofer et al., PRD 100 (2019) 115029,
# table II. Their errors are 6 and 30 %.
@pytest.mark.parametrize(
    ("channel", "coherent", "incoherent"), [("mumu", 0.72, 0.32), ("ee", 2.21, 0.13), ("emu", 7.0, 0.9)]
)
def test_rates_of_dune_in_antineutrino_mode(channel: str, coherent: float, incoherent: float) -> None:
    path = FLUXES / "DUNE_ND_RHC.dat"
    if not path.is_file():
        pytest.skip("the published flux files are not here")
    settings = [f"flux.path={path}", "exposure.mass_t=1", "exposure.pot=1.1e21", "sampling.rel_error=5e-3"]
    card = read_card(f"dune_nd_rhc_{channel}", settings)
    flux = only_flux(beam_of(card))
    rate = trident_rate(card, exposure_of(card, flux), flux, engine_of(card))
    for regimes, published, error in ((("coherent",), coherent, 0.06), (("proton", "neutron"), incoherent, 0.3)):
        found: Measured = rate.events(regimes)
        assert abs(found.value - published) < error * published + 4.0 * found.error


PUBLIC = {
    "dune_nd_mumu": "DUNE_ND_FHC.dat",
    "dune_nd_rhc_mumu": "DUNE_ND_RHC.dat",
    "sbnd": "sbnd_fhc.dat",
    "microboone": "MicroBooNE_BNB_fullflux.txt",
    "icarus": "Flux_SBN_ICARUS.dat",
    "ingrid": "T2K_INGRID_neutrino_flux.csv",
    "minos": "NUMI_FHC_ME.dat",
    "nova": "NOvA_FHC.dat",
    "charm2": "CHARMII_FHC.dat",
    "nutev": "NuTeV_FHC.dat",
}


@pytest.mark.slow
@pytest.mark.parametrize("leptons", ["mu- mu+", "mu- e+", "e- e+"])
@pytest.mark.parametrize("name", PUBLIC)
def test_rates_are_those_of_the_public_tables(name: str, leptons: str) -> None:
    """Within 0.5 %, and three standard deviations of both."""
    path = FLUXES / PUBLIC[name]
    if not path.is_file():
        pytest.skip("the published flux files are not here")
    pair = ["e-", "mu+"] if leptons == "mu- e+" and "rhc" in name else leptons.split()
    settings = [f"process.leptons={json.dumps(pair)}", "sampling.rel_error=1e-3", "cuts={}"]
    found = []
    for own in ([], [f"flux.path={path}", "flux.area=m2"] if name == "charm2" else [f"flux.path={path}"]):
        card = read_card(name, [*settings, *own])
        flux = only_flux(beam_of(card))
        found.append(trident_rate(card, exposure_of(card, flux), flux, engine_of(card)).events())
    table, full = found
    assert abs(table.value / full.value - 1.0) < 5e-3 + 3.0 * math.hypot(table.error, full.error) / full.value
