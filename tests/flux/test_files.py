"""Flux files: published ones where they are at hand, small ones written here, and broken ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tridentgen.errors import FileError, InputError
from tridentgen.flux import read_flux
from tridentgen.flux.text_table import MAX_BYTES

PUBLISHED = Path(__file__).parents[3] / "shared/data/fluxes"
needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="the published flux tables are not at hand in ../shared/data/fluxes"
)


def _write(folder: Path, text: str, name: str = "flux.dat") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# ---- published tables


@needs_published
def test_dune_integral() -> None:
    flux = read_flux(PUBLISHED / "DUNE_ND_FHC.dat", neutrino="numu")
    assert flux.total == pytest.approx(1.04e-7, rel=0.005, abs=0.0)  # as published, three digits
    assert flux.total_units == "cm^-2 POT^-1"
    assert flux.interpolation == "linear"
    as_bins = read_flux(PUBLISHED / "DUNE_ND_FHC.dat", neutrino="numu", points="centre")
    table = np.loadtxt(PUBLISHED / "DUNE_ND_FHC.dat")
    assert as_bins.total == pytest.approx(0.25 * table[:, 2].sum(), rel=1e-12, abs=0.0)
    assert as_bins.energy_min_GeV == 0.0


@needs_published
@pytest.mark.parametrize("neutrino", ["nue", "numu", "nuebar", "numubar"])
def test_globes_file_is_the_columns_file_per_square_metre(neutrino: str) -> None:
    globes = read_flux(PUBLISHED / "flux_dune_neutrino_ND_globes.txt", neutrino=neutrino, format="globes")
    columns = read_flux(PUBLISHED / "DUNE_ND_FHC.dat", neutrino=neutrino)
    np.testing.assert_array_equal(globes.energies_GeV, columns.energies_GeV)
    np.testing.assert_allclose(globes.values, columns.values, rtol=1e-4)
    assert "per m2 and GeV" in globes.description


@needs_published
def test_microboone_is_per_bin_and_says_so() -> None:
    path = PUBLISHED / "MicroBooNE_BNB_fullflux.txt"
    flux = read_flux(path, neutrino="numu")
    assert "(per cm2 and bin; histogram)" in flux.description
    with pytest.raises(FileError, match=r":3: 'scaled to nu/POT/bin/cm2' says per = 'bin', and per = 'GeV' is given"):
        read_flux(path, neutrino="numu", per="GeV")
    np.testing.assert_array_equal(flux.values, read_flux(path, neutrino="numu", per="bin").values)
    assert flux.total == pytest.approx(np.loadtxt(path)[:, 2].sum(), rel=1e-12, abs=0.0)
    np.testing.assert_allclose(flux.energies_GeV, 0.05 * np.arange(201), rtol=0.0, atol=1e-12)


@needs_published
def test_charm_is_per_square_metre_and_says_so() -> None:
    path = PUBLISHED / "CHARMII_FHC.dat"
    with pytest.raises(FileError, match=r":1: 'nus/m\^2/GeV/POT' says area = 'm2', and area = 'cm2' is given"):
        read_flux(path, neutrino="numu", area="cm2")
    energies, _, numu, *_ = np.loadtxt(path).T
    flux = read_flux(path, neutrino="numu")
    assert flux.total == pytest.approx(1e-4 * np.trapezoid(numu, energies), rel=1e-12, abs=0.0)


@needs_published
def test_charm_without_electron_neutrinos() -> None:
    with pytest.raises(FileError, match="nue is zero at all energies; those with flux are numu, numubar"):
        read_flux(PUBLISHED / "CHARMII_FHC.dat", neutrino="nue", area="m2")


@needs_published
@pytest.mark.parametrize("name", ["DUNE_ND_RHC", "MiniBooNE_FHC", "NUMI_FHC_ME", "NuTeV_FHC", "sbnd_fhc"])
def test_every_other_published_table(name: str) -> None:
    energies, _, numu, *_ = np.loadtxt(PUBLISHED / f"{name}.dat").T
    flux = read_flux(PUBLISHED / f"{name}.dat", neutrino="numu")
    assert flux.total == pytest.approx(np.trapezoid(numu, energies), rel=1e-12, abs=0.0)
    threshold = 0.5 * (flux.energy_min_GeV + flux.energy_max_GeV)
    count = 200_000
    _, weight = flux.energy_map(threshold)((np.arange(count) + 0.5) / count)
    above = np.linspace(threshold, flux.energy_max_GeV, 200_001)
    assert weight.mean() == pytest.approx(np.trapezoid(flux.density(above), above), rel=1e-4)


# ---- small tables


def test_comments_blank_lines_commas_and_line_ends(tmp_path: Path) -> None:
    text = "# a header\r\n\r\n0.5, 0, 1e-9 # inline\r\n  # between\r\n1.5,\t0 ,3e-9\r\n2.5,0,0\r\n"
    flux = read_flux(_write(tmp_path, text), neutrino="numu")
    np.testing.assert_array_equal(flux.energies_GeV, [0.5, 1.5, 2.5])
    np.testing.assert_array_equal(flux.values, [1e-9, 3e-9, 0.0])


def test_byte_order_mark_and_latin_comments(tmp_path: Path) -> None:
    path = tmp_path / "flux.dat"
    path.write_bytes("# flux \xb1 10 %\n1 2e-9\n2 3e-9\n".encode("latin-1"))
    assert read_flux(path, neutrino="nue").total == pytest.approx(2.5e-9, rel=1e-12, abs=0.0)
    path.write_bytes("1 2e-9\n2 3e-9\n".encode("utf-8-sig"))
    assert read_flux(path, neutrino="nue").total == pytest.approx(2.5e-9, rel=1e-12, abs=0.0)


def test_named_columns(tmp_path: Path) -> None:
    path = _write(tmp_path, "5e-9 1.0 9\n7e-9 2.0 9.5\n")
    flux = read_flux(path, neutrino="nutau", columns={"E": 1, "nutau": 0})
    np.testing.assert_array_equal((flux.energies_GeV, flux.values), ([1.0, 2.0], [5e-9, 7e-9]))


def test_units(tmp_path: Path) -> None:
    path = _write(tmp_path, "1000 2e-9\n3000 4e-9\n")
    with pytest.raises(
        FileError, match=r"flux.dat: its energies are in MeV; also give per = 'GeV', 'MeV', '50 MeV' or"
    ):
        read_flux(path, neutrino="nue", energy_unit="MeV")
    for options, total in [
        ({"per": "GeV"}, 6e-9),
        ({"per": "MeV"}, 6e-6),
        ({"per": "500 keV", "points": "points"}, 1.2e-5),
        ({"per": "GeV", "area": "m2"}, 6e-13),
        ({"per": "GeV", "pot": 1e6}, 6e-15),
        ({"per": "bin"}, 6e-9),
    ]:
        flux = read_flux(path, neutrino="nue", energy_unit="MeV", **options)  # type: ignore[arg-type]
        assert flux.total == pytest.approx(total, rel=1e-12, abs=0.0)


def test_lower_edges(tmp_path: Path) -> None:
    path = _write(tmp_path, "0 5e-9\n1 6e-9\n3 7e-9\n")
    flux = read_flux(path, neutrino="nue", points="edges")
    np.testing.assert_array_equal(flux.energies_GeV, [0.0, 1.0, 3.0, 5.0])
    assert flux.total == pytest.approx(5e-9 + 2.0 * 6e-9 + 2.0 * 7e-9, rel=1e-12, abs=0.0)
    assert read_flux(path, neutrino="nue", points="edges", per="bin").total == pytest.approx(18e-9, rel=1e-12, abs=0.0)


def test_description_tells_what_was_assumed(tmp_path: Path) -> None:
    flux = read_flux(_write(tmp_path, "1 2\n3 4\n"), neutrino="nue", pot=1e6)
    assert flux.description == "nue from flux.dat, column 1 (per cm2 and GeV, for 1e+06 POT; linear), 1 to 3 GeV"


@pytest.mark.parametrize(
    ("comment", "total"),
    [
        ("nu / m^{2} / GeV / POT", 6e-13),
        ("per m2 and per GeV", 6e-13),
        ("flux in m⁻² GeV⁻¹", 6e-13),
        ("m^-2 GeV^-1", 6e-13),
        ("per bin", 6e-9),
    ],
)
def test_comments_that_speak_of_other_units_are_used(tmp_path: Path, comment: str, total: float) -> None:
    path = tmp_path / "flux.dat"
    path.write_text(f"# {comment}\n1 2e-9\n3 4e-9\n", encoding="utf-8")
    assert read_flux(path, neutrino="nue").total == pytest.approx(total, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("per m2", "flux.dat:1: 'per m2' says no energy that the flux is per; give per = 'GeV', 'MeV', '50 MeV' or"),
        ("flux in m²", "flux.dat:1: 'flux in m²' says no energy that the flux is per; give per"),
        (
            "nu/cm2/50MeV/POT",
            "its flux is per 50 MeV, and its energies 1, 3, ... GeV may be lower edges or points; give",
        ),
        ("E [MeV]", "flux.dat: its energies are in MeV; also give per"),
        ("nu/cm2/MeV", "flux.dat:1: 'nu/cm2/MeV': what 'MeV' means for the flux is not clear; give energy_unit"),
        ("nu/cm2/GeV/spill", "what 'spill' means for the flux is not clear; give pot = the protons on target"),
        ("bins of 50 MeV", "what '50 MeV' means for the flux is not clear; give per"),
        ("nu/ft2/GeV", "what 'ft2' means for the flux is not clear; give area"),
        ("nu/cm2/GeV, 1e20 POT, 5 years; nu/cm2/GeV/1e6 POT", "says 1e.20, and 1e.06; give pot"),
        ("nu/cm2/GeV or nu/m2/GeV", "says 'cm2', and 'm2'; give area = 'cm2' or 'm2'"),
        ("E dPhi/dE in 1/cm2/s", "says that its numbers are multiplied by the energy"),
        ("log10(E/GeV), nu/cm2/GeV", "says that its energies are logarithms"),
        ("nu/cm2/s/sr/GeV", "says that its numbers are per sr"),
    ],
)
def test_comments_that_leave_something_open(tmp_path: Path, comment: str, message: str) -> None:
    path = tmp_path / "flux.dat"
    path.write_text(f"# {comment}\n1 2\n3 4\n", encoding="utf-8")
    with pytest.raises(FileError, match=message):
        read_flux(path, neutrino="nue")


def test_comments_that_agree_are_no_hindrance(tmp_path: Path) -> None:
    path = _write(tmp_path, "# Enu(GeV), flux in nus/cm^2/POT/GeV, cm2, BinMid, 50 MeV steps, m20\n1 2e-9\n3 4e-9\n")
    assert read_flux(path, neutrino="nue").total == pytest.approx(6e-9, rel=1e-12, abs=0.0)


def test_globes_shape_is_no_unit(tmp_path: Path) -> None:
    rows = "\n".join(f"{0.1 * i + 0.05:.2f} 1e-9 2e-9 3e-9 4e-9 5e-9 6e-9" for i in range(501))
    path = _write(tmp_path, rows)
    with pytest.raises(FileError, match=r"GLoBES .format = 'globes': per m2 and GeV. or of SNOwGLoBES .*; give area"):
        read_flux(path, neutrino="numubar")
    assert read_flux(path, neutrino="numubar", format="globes").values[0] == pytest.approx(5e-13, rel=1e-12, abs=0.0)
    assert read_flux(path, neutrino="numubar", format="columns").values[0] == 5e-9
    burst = read_flux(path, neutrino="numubar", format="snowglobes")
    assert burst.total == pytest.approx(501 * 5e-9, rel=1e-12, abs=0.0)
    assert burst.total_units == "cm^-2"
    short = _write(tmp_path, "1 1 2 3 4 5e-9 6\n2 1 2 3 4 5e-9 6\n")
    assert read_flux(short, neutrino="numubar", format="globes").values[0] == pytest.approx(5e-13, rel=1e-12, abs=0.0)


# ---- broken files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"flux.dat: holds no numbers"),
        ("# only words\n", r"flux.dat: holds no numbers"),
        ("1 2\n\n2 nan\n", r"flux.dat:3: nue: flux nan is not a finite number; correct it, or write 0"),
        ("1 2\ninf 2\n", r"flux.dat:2: energy inf is not a finite number"),
        ("1 2\n# x\n2 -3e-9\n", r"flux.dat:3: nue: flux -3e-09 is negative; write 0 for no flux"),
        ("-1 2\n1 2\n", r"flux.dat:1: energy -1 is negative"),
        ("1 2\n3 2\n2 2\n", r"flux.dat:3: energy 2 does not exceed the one before it, 3; sort"),
        ("1 2\n1 2\n", r"flux.dat:2: energy 1 does not exceed .* drop repeats"),
        ("1 2\n2 2 3\n", r"flux.dat:2: 3 columns, but line 1 has 2; give every row the same"),
        ("O.5 2\n1 2\n", r"flux.dat:1: 'O.5' in column 0 is not a number; start comments with '#'"),
        ("1 2\n2 0,5 1\n", r"flux.dat:2: '2 0' in column 0 is not a number"),
        (f"1 {'x' * 90}\n", r"flux.dat:1: 'x{30}\.\.\.' in column 1"),
        ("1\n2\n", r"flux.dat:1: has 1 columns, but nue is expected in column 1, counted from 0"),
        ("1 0\n2 0\n", r"flux.dat: the flux of nue is zero at all energies; and so is every other"),
        ("1 0 3 0 5\n2 0 1 0 0\n", r"nue is zero at all energies; those with flux are numu, nuebar"),
        (
            "1 2\n",
            r"flux.dat:1: a spectrum needs at least two rows; for one energy use kind = 'monochromatic'",
        ),
    ],
)
def test_broken_text(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message) as caught:
        read_flux(_write(tmp_path, text), neutrino="nue")
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing.dat: no such flux file; check the path"):
        read_flux(tmp_path / "nothing.dat", neutrino="nue")
    with pytest.raises(FileError, match="is not a file; give the path of a flux file"):
        read_flux(tmp_path, neutrino="nue")
    with pytest.raises(FileError, match="cannot be reached"):
        read_flux(tmp_path / ("x" * 5000), neutrino="nue")


def test_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.dat"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # sparse: takes no room
    with pytest.raises(FileError, match=r"8\.0 MiB is too large for a flux table; at most 8 MiB are read"):
        read_flux(path, neutrino="nue")


def test_binary_junk(tmp_path: Path) -> None:
    path = tmp_path / "junk.dat"
    path.write_bytes(b"".join(hashlib.sha256(bytes([i])).digest() for i in range(64)))
    with pytest.raises(FileError, match=r"junk.dat: is not a text file; give columns of numbers"):
        read_flux(path, neutrino="nue")


@pytest.mark.parametrize(
    ("energies", "reason"), [("1 2 4", "are not evenly spaced"), ("0 2 4", "would start a bin at -1 GeV")]
)
def test_energies_that_are_no_centres(tmp_path: Path, energies: str, reason: str) -> None:
    path = _write(tmp_path, "".join(f"{energy} 1\n" for energy in energies.split()))
    with pytest.raises(FileError, match=f"the energies {reason}, so they are not centres of equal bins; give points"):
        read_flux(path, neutrino="nue", per="bin")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neutrino": "numuu"}, "unknown neutrino 'numuu', did you mean"),
        (
            {"format": "csv"},
            "format = 'csv' is not known; use 'auto' or 'columns' or 'globes' or 'snowglobes' or 'snewpy' or ",
        ),
        ({"area": "km2"}, "area = 'km2' is not known; use 'cm2' or 'm2'"),
        ({"per": "year"}, "per = 'year' is not known"),
        ({"energy_unit": "PeV"}, "energy_unit = 'PeV' is not known"),
        ({"points": "middle"}, "points = 'middle' is not known"),
        ({"pot": 0.0}, "pot = 0.0 must be a positive number"),
        ({"columns": {"numu": 1}}, "columns gives no column for nue; it gives E, numu"),
        ({"columns": {"nue": -1}}, r"columns\['nue'\] = -1 must be counted from 0"),
        ({"columns": {"nue": 0}}, "nue cannot be in column 0, which is that of the energy"),
        ({"columns": {"nue": 1, "numuu": 2}}, "columns: unknown name 'numuu', did you mean 'numu'"),
        ({"columns": {"nue": 1, "numu": 2}}, "has 2 columns, but numu is expected in column 2"),
        ({"format": "globes"}, "2 columns, GLoBES files have 7; use format = 'columns'"),
        ({"histogram": "h"}, "is a text file and has no histogram 'h'; give columns"),
        ({"per": "bin", "points": "points"}, "points = 'points' does not go with per = 'bin'"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, options: dict[str, object], message: str) -> None:
    path = _write(tmp_path, "1 2\n2 3\n")
    with pytest.raises((InputError, FileError), match=message):
        read_flux(path, **{"neutrino": "nue", **options})  # type: ignore[arg-type]
