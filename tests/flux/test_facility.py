"""Fluxes of facilities: their tables against the public ones, their heads, and a file in place of a table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tridentgen.cards import CardError, parse_card, read_card
from tridentgen.errors import InputError
from tridentgen.flux.facility import facility_flux, facility_names, facility_table, own_file_keys
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.resources import builtin_cards
from tridentgen.runs.job import beam_of
from tridentgen.typing import FloatArray

ROOT = Path(__file__).parents[2]
PUBLIC = ROOT.parent / "shared" / "data" / "fluxes"
TABLES = files("tridentgen").joinpath("data", "fluxes")

SEVEN = {name: column for column, name in enumerate(NEUTRINOS, start=1)}
EDGES = {"numu": 2, "numubar": 3, "nue": 4, "nuebar": 5}
Read = tuple[str, dict[str, int], Callable[[FloatArray], tuple[FloatArray, float | FloatArray]]]


def points(scale: float = 1.0) -> Callable[[FloatArray], tuple[FloatArray, float | FloatArray]]:
    return lambda rows: (rows[:, 0], scale)


def centres(width: float, scale: float = 1.0) -> Callable[[FloatArray], tuple[FloatArray, float | FloatArray]]:
    return lambda rows: (np.append(rows[:, 0] - width / 2.0, rows[-1, 0] + width / 2.0), scale)


# File, column of each neutrino, and from its rows the energies and the factor to cm^-2 GeV^-1 POT^-1.
FULL: dict[str, Read] = {
    "dune-nd-fhc": ("DUNE_ND_FHC.dat", SEVEN, centres(0.25)),
    "dune-nd-rhc": ("DUNE_ND_RHC.dat", SEVEN, centres(0.25)),
    "sbnd": ("sbnd_fhc.dat", SEVEN, points()),
    "miniboone": ("MiniBooNE_FHC.dat", SEVEN, centres(0.05)),  # another copy than the one the table is from
    "microboone": ("MicroBooNE_BNB_fullflux.txt", SEVEN, centres(0.05, 20.0)),
    "icarus": ("Flux_SBN_ICARUS.dat", SEVEN,
               lambda rows: (np.append(rows[:, 0], 4.05), 20.0 * 1e-10)),
    "numi-le-fhc": ("NUMI_FHC_LE.dat", SEVEN, points()),
    "numi-me-fhc": ("NUMI_FHC_ME.dat", SEVEN, points()),
    "numi-me-rhc": ("NUMI_RHC_ME.dat", SEVEN, points()),
    "nova": ("NOvA_FHC.dat", SEVEN, points()),
    "nd280": ("t2kflux_2013_nd280_horn250kA.txt", {name: i + 1 for name, i in EDGES.items()},
              lambda rows: (np.append(rows[:, 1], rows[-1, 2]), 20.0 / 1e21)),
    "ingrid": ("T2K_INGRID_neutrino_flux.csv", {"numu": 1}, points(0.925 * 1e-4 / 1e20)),
    "nutev": ("NuTeV_FHC.dat", SEVEN, points()),
    "charm2": ("CHARMII_FHC.dat", SEVEN, points(1e-4)),
    "ccfr": ("CCFR_numu.dat", {"numu": 2}, lambda rows: (np.append(rows[:, 0], rows[-1, 1]), 0.1)),
}  # fmt: skip


def full_flux(name: str, neutrino: str) -> TabulatedFlux:
    """Return the flux of the public table; skip where it is not here."""
    file, columns, how = FULL[name]
    if not (PUBLIC / file).is_file():
        pytest.skip("the published flux files are not here")
    skipped = 2 if file.startswith("t2k") else 0
    rows = np.loadtxt(PUBLIC / file, delimiter="," if file.endswith(".csv") else None, skiprows=skipped)
    energies, scale = how(rows)
    return TabulatedFlux(
        energies, rows[:, columns[neutrino]] * scale, "histogram" if len(energies) > len(rows) else "linear", "cm^-2"
    )


def average(flux: TabulatedFlux, column: str) -> float:
    """Return the flux times a cross section integrated over energies, with straight lines in log sigma(log E)."""
    text = (ROOT / "tests" / "reference" / "trident_sigma_argon.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(line for line in text if line[0] != "#") if float(row[column]) > 0.0]
    log_energy, log_sigma = (np.log([float(row[key]) for row in rows]) for key in ("energy_GeV", column))
    bounds = zip(flux.energies_GeV[:-1], flux.energies_GeV[1:], strict=True)
    fine = np.concatenate([np.linspace(low, high, 41)[:-1] for low, high in bounds] + [flux.energies_GeV[-1:]])
    middle = 0.5 * (fine[1:] + fine[:-1])
    sigma = np.exp(np.interp(np.log(middle), log_energy, log_sigma, left=-np.inf))
    return float(np.sum(flux.total * flux.density(middle) * sigma * np.diff(fine)))


@pytest.mark.parametrize("name", FULL)
def test_tables_agree_with_the_public_ones(name: str) -> None:
    """Flux-averaged cross sections of mu- mu+ and e- e+, and totals, within 0.3 %; less for rare neutrinos."""
    for neutrino in facility_table(name).beam.neutrinos:
        short, full = facility_flux(name, neutrino), full_flux(name, neutrino)
        if name != "ccfr":
            assert short.total == pytest.approx(full.total, rel=1e-3)
        for column in ("ee_cm2", "mumu_cm2"):
            ratio = average(short, column) / short.total / (average(full, column) / full.total)
            assert ratio == pytest.approx(1.0, abs=3e-3), (neutrino, column)


def test_the_table_of_ccfr_has_as_many_neutrinos_as_that_of_nutev() -> None:
    """Its scale is a convention; its spectrum is harder."""
    ccfr, nutev = facility_flux("ccfr", "numu"), facility_flux("nutev", "numu")
    assert ccfr.total == pytest.approx(nutev.total, rel=1e-3)
    assert average(ccfr, "mumu_cm2") > 1.2 * average(nutev, "mumu_cm2")


def test_minerva_is_that_of_its_root_file() -> None:
    pytest.importorskip("uproot")
    path = PUBLIC / "MINERvA_ME_Flux_No_Constraint.root"
    if not path.is_file():
        pytest.skip("the published flux files are not here")
    full = tg.read_flux(path, neutrino="numu", area="m2")
    short = facility_flux("minerva-me-fhc", "numu")
    np.testing.assert_allclose(short.energies_GeV, full.energies_GeV)
    np.testing.assert_allclose(short.values, full.values, rtol=1e-4)


def test_faser_and_ship_keep_their_numbers() -> None:
    if not (PUBLIC / "FASER_14.txt").is_file():
        pytest.skip("the published flux files are not here")
    for neutrino, code in {"nue": 12, "numu": 14, "nutau": 16, "nuebar": -12, "numubar": -14, "nutaubar": -16}.items():
        counted = np.loadtxt(PUBLIC / f"FASER_{code}.txt")[:, 1].sum()
        assert facility_flux("fasernu", neutrino).total * 25.0 * 25.0 == pytest.approx(counted, rel=1e-3)
    shape = np.loadtxt(PUBLIC / "SHiP_nu_mu.dat")
    ship = facility_flux("ship", "numu")
    assert ship.total_units == ""
    np.testing.assert_allclose(ship.values, shape[:, 1], rtol=1e-4)


@pytest.mark.parametrize("name", facility_names())
def test_every_table_has_its_head_and_is_small(name: str) -> None:
    table = facility_table(name)
    for key in ("facility", "mode", "units", "source", "reference", "normalisation", "made"):
        assert getattr(table, key), key
    assert table.facility in table.beam.description
    assert table.units in table.beam.description
    for component in table.beam.components:
        assert isinstance(component.flux, TabulatedFlux)
        assert len(component.flux.values) <= 120
        assert component.flux.description.startswith(f"{component.neutrino} of {name}: ")
    assert len(TABLES.joinpath(f"{name}.dat").read_bytes()) < 10_000


def test_all_tables_together_are_small() -> None:
    assert sum(len(entry.read_bytes()) for entry in TABLES.iterdir()) < 400_000


def test_the_tables_are_fluxes_in_python() -> None:
    flux = tg.facility_flux("dune-nd-fhc", "numu")
    assert flux.total == pytest.approx(1.049e-7, rel=1e-3)
    assert flux.total_units == "cm^-2 POT^-1"
    assert tg.facility_flux("fasernu", "nutau").total_units == "cm^-2"
    with pytest.raises(InputError, match=r"^no nutau from dune-nd-fhc: .*: it makes nue, numu, nuebar, numubar; name"):
        tg.facility_flux("dune-nd-fhc", "nutau")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match=r"^name = 'dune-nd-fch' is no facility, did you mean 'dune-nd-fhc'\?; there"):
        facility_table("dune-nd-fch")
    with pytest.raises(CardError, match=r"<card>:\d+: flux.name = 'icaru' is no facility, did you mean 'icarus'\?"):
        parse_card(read_card("icarus").text.replace('name = "icarus"', 'name = "icaru"'))


FACILITY_CARDS = [name for name in builtin_cards() if read_card(name).flux.kind == "facility"]


def test_no_card_needs_a_file() -> None:
    assert len(FACILITY_CARDS) == 20
    for name in builtin_cards():
        card = read_card(name)
        assert card.flux.kind != "file"
        assert beam_of(card).total > 0.0


@pytest.mark.parametrize("name", FACILITY_CARDS)
def test_every_card_says_how_sure_its_normalisation_is(name: str) -> None:
    flux = read_card(name).text.partition("[flux]")[2].partition("kind =")[0]
    assert any(words in flux for words in ("sure to", "normalisation", "has not been checked", "up to twice"))


def test_a_file_replaces_the_table(tmp_path: Path) -> None:
    path = tmp_path / "mine.dat"
    path.write_text("1.5 0 1e-9 0 0 0 0\n2.5 0 1e-9 0 0 0 0\n3.5 0 1e-9 0 0 0 0\n", encoding="utf-8")
    card = read_card("icarus", [f"flux.path={path}"])
    public = dict(own_file_keys("icarus"))
    assert card.flux.kind == "file"
    assert card.flux.options == {**public, "path": str(path)}  # in the units of the public table
    assert parse_card(card.text).flux == card.flux
    mine = read_card(
        "icarus", [f"flux.path={path}", "flux.area=cm2", "flux.per=GeV", "flux.points=points", "flux.pot=1"]
    )
    assert beam_of(mine).total == pytest.approx(2e-9)
    plain = read_card("icarus", ["flux.kind=file", f"flux.path={path}"])  # nothing is taken from the facility
    assert plain.flux.options == {"path": str(path)}
    assert beam_of(plain).total == pytest.approx(2e-9)
    column = read_card("sbnd", [f"flux.path={path}", "flux.column=2"])
    assert column.flux.options["column"] == 2
    other = read_card("sbnd", ["flux.name=microboone"])
    assert beam_of(other).total == facility_flux("microboone", "numu").total


def test_keys_of_files_need_a_file() -> None:
    with pytest.raises(CardError, match=r"--set flux.area=m2: unknown key 'flux.area'"):
        read_card("icarus", ["flux.area=m2"])
