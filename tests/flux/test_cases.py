"""Files as people have them: each gives its right value or a question, and so does a sibling of each kind.

The files in ``cases`` were made for this: a ``_right`` file holds the same flux in plain units. The right cross
sections were calculated with them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tridentgen.errors import FileError, InputError
from tridentgen.flux import TabulatedFlux, build_source, read_flux

CASES = Path(__file__).parent / "cases"


def _write(folder: Path, text: str) -> Path:
    path = folder / "flux.dat"
    path.write_text(text, encoding="utf-8")
    return path


def same(one: TabulatedFlux, other: TabulatedFlux, rel: float = 1e-5) -> None:
    """Compare fluxes between their edges: the files print six digits."""
    points = 0.5 * (one.energies_GeV[1:] + one.energies_GeV[:-1])
    np.testing.assert_allclose(one.total * one.density(points), other.total * other.density(points), rtol=rel, atol=0.0)
    assert one.total == pytest.approx(other.total, rel=rel, abs=0.0)
    assert one.total_units == other.total_units


# ---- per bin, in ROOT


def test_histogram_whose_title_names_no_energy() -> None:
    pytest.importorskip("uproot")
    path = CASES / "per_bin_no_energy_in_title.root"
    with pytest.raises(FileError, match="no title says what energy its contents are per; give per = 'GeV', 'MeV'"):
        read_flux(path, neutrino="numu")
    with pytest.raises(FileError, match=r"title: 'Unosc .* / m\^\{2\} / POT' says area = 'm2', and area = 'cm2' is"):
        read_flux(path, neutrino="numu", per="bin", area="cm2")
    flux = read_flux(path, neutrino="numu", per="bin")
    table = np.loadtxt(CASES / "per_bin_no_energy_in_title_right.dat")
    np.testing.assert_allclose(flux.values, 1e-4 * table[:-1, 1], rtol=1e-12)
    assert "histogram numu_flux (per m2 and bin; histogram)" in flux.description


def test_graph(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    energies, values = np.array([1.0, 2.0, 4.0]), np.array([1e-9, 3e-9, 0.0])
    if not hasattr(uproot, "as_TGraph"):
        pytest.skip("this uproot writes no graphs")
    with uproot.recreate(tmp_path / "graph.root") as file:
        file["g"] = uproot.as_TGraph({"x": energies, "y": values}, title="#Phi [m^{-2} MeV^{-1} / 10^{3} POT]")
    with pytest.raises(FileError, match="what 'MeV' means for the flux is not clear; give energy_unit"):
        read_flux(tmp_path / "graph.root", neutrino="numu")
    flux = read_flux(tmp_path / "graph.root", neutrino="numu", energy_unit="GeV")
    assert flux.interpolation == "linear"
    assert flux.total == pytest.approx(5e-9 * 1e3 / 1e4 / 1e3, rel=1e-12, abs=0.0)


# ---- protons on target


def test_protons_on_target_in_a_comment() -> None:
    path = CASES / "pot_in_comment.dat"
    flux = read_flux(path, neutrino="nue")
    assert flux.total == pytest.approx(4e-4 / 1e6, rel=1e-12, abs=0.0)
    assert "for 1e+06 POT" in flux.description
    with pytest.raises(
        FileError, match=r":1: '.* 10\^6 POT' says pot = 1e\+06, and pot = 1 is given; give pot = 1e\+06"
    ):
        read_flux(path, neutrino="nue", pot=1.0)


@pytest.mark.parametrize(
    "comment",
    [
        "/cm2/GeV/1E21 p.o.t.",
        "(cm^-2 GeV^-1), 1e21POT",
        "per cm2, GeV and 1x10^21 protons on target",
        "/cm2/GeV/10²¹ POTs",
    ],
)
def test_other_spellings_of_protons_on_target(tmp_path: Path, comment: str) -> None:
    path = _write(tmp_path, f"# nu {comment}\n1 1e12\n3 1e12\n")
    assert read_flux(path, neutrino="nue").total == pytest.approx(2e-9, rel=1e-12, abs=0.0)


# ---- bin number, low and high edge


@pytest.mark.parametrize(
    ("neutrino", "share"), [("numu", 1.0), ("numubar", 0.05), ("nue", 1 / 90), ("nuebar", 1 / 400)]
)
def test_numbers_and_edges_of_bins(neutrino: str, share: float) -> None:
    flux = read_flux(CASES / "bin_low_high.txt", neutrino=neutrino)
    right = read_flux(CASES / "bin_low_high_right.dat", neutrino="numu", columns={"numu": 1}, points="edges")
    scaled = TabulatedFlux(right.energies_GeV, right.values * share, "histogram", right.total_units)
    same(flux, scaled, rel=2e-5)
    assert "(per cm2 and 50 MeV, for 1e+21 POT; histogram)" in flux.description


def test_numbers_and_edges_without_names(tmp_path: Path) -> None:
    rows = "".join(f"{i} {0.1 * (i - 1):.1f} {0.1 * i:.1f} {i}e-9\n" for i in range(1, 7))
    path = _write(tmp_path, f"% bin, low, high edge, flux /cm2/GeV/POT\n{rows}")
    for places in ({}, {"low_column": 1, "high_column": 2}):
        flux = read_flux(path, neutrino="nue", columns={"nue": 3}, **places)  # type: ignore[arg-type]
        assert flux.total == pytest.approx(2.1e-9, rel=1e-12, abs=0.0)
    with pytest.raises(FileError, match=r":1: column 0 counts 1, 2, 3, \.\.\.: it may number the bins; give energy"):
        read_flux(_write(tmp_path, rows), neutrino="nue", columns={"nue": 3})


def test_energy_over_two_columns_and_heads_without_a_comment_sign(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "\tFlux (/m^2/1E21p.o.t/50MeV)\nBin#\tEnergy (GeV)\tnumu\tantinue\n\n1\t0 0.1\t4D12 1\n2\t0.1 0.4\t2D12 3\n",
    )
    flux = read_flux(path, neutrino="numu")
    np.testing.assert_array_equal(flux.energies_GeV, [0.0, 0.1, 0.4])
    np.testing.assert_allclose(flux.values, [4e12 / 1e25 / 0.05, 2e12 / 1e25 / 0.05], rtol=1e-12)
    assert "column 3" in flux.description
    assert read_flux(path, neutrino="nuebar").description.startswith("nuebar from flux.dat, column 4 ")


def test_edges_without_names(tmp_path: Path) -> None:
    path = _write(tmp_path, "0 1 1e-9 2e-9\n1 2 1e-9 3e-9\n2 4 1e-9 1e-9\n")
    with pytest.raises(FileError, match=":1: columns 0 and 1 are edges of bins, and nothing says which neutrinos the"):
        read_flux(path, neutrino="numu")
    flux = read_flux(path, neutrino="numu", columns={"numu": 3})
    np.testing.assert_array_equal(flux.energies_GeV, [0.0, 1.0, 2.0, 4.0])
    with pytest.raises(InputError, match="numu cannot be in column 1, which is that of the upper edge"):
        read_flux(path, neutrino="numu", columns={"numu": 1})
    single = _write(tmp_path, "0 1 1e-9\n1 2 1e-9\n2 4 1e-9\n")
    assert read_flux(single, neutrino="numu").total == pytest.approx(4e-9, rel=1e-12, abs=0.0)
    with pytest.raises(InputError, match="has one flux, and nothing says of which neutrino; name it in process"):
        build_source("file", {"path": str(single)}, None, Path())


def test_energies_in_another_column_without_names(tmp_path: Path) -> None:
    path = _write(tmp_path, "5 1.0 2e-9 1e-9\n5 2.0 3e-9 1e-9\n")
    with pytest.raises(FileError, match="nothing says which column is numu; give column"):
        read_flux(path, neutrino="numu", energy_column=1)
    flux = read_flux(path, neutrino="numu", energy_column=1, columns={"numu": 2})
    assert flux.total == pytest.approx(2.5e-9, rel=1e-12, abs=0.0)


# ---- columns by name


@pytest.mark.parametrize(("neutrino", "column"), [("numu", 2), ("numubar", 3), ("nue", 4), ("nuebar", 5)])
def test_named_columns(neutrino: str, column: int) -> None:
    flux = read_flux(CASES / "named_columns.dat", neutrino=neutrino)
    table = np.loadtxt(CASES / "named_columns.dat")
    np.testing.assert_allclose(flux.values, table[:, column] / 0.05, rtol=1e-12)
    np.testing.assert_array_equal(flux.energies_GeV, [*table[:, 0], 3.0])
    assert f"column {column} (per cm2 and 50 MeV; histogram)" in flux.description


def test_every_named_column() -> None:
    source = build_source("file", {"path": str(CASES / "named_columns.dat")}, None, Path())
    assert source.neutrinos == ("nue", "numu", "nuebar", "numubar")
    assert "columns 4, 2, 5, 3 (per cm2 and 50 MeV; histogram)" in source.description
    by_name = build_source("file", {"path": str(CASES / "named_columns.dat"), "column": "numu"}, None, Path())
    assert ", column 2 (" in by_name.description


def test_a_neutrino_that_the_head_does_not_name() -> None:
    with pytest.raises(FileError, match=r":2: 'Elo Ehi numu numub nue nueb' names no nutau; give its column"):
        read_flux(CASES / "named_columns.dat", neutrino="nutau")
    with pytest.raises(InputError, match="numu cannot be in column 1, which is that of the upper edge"):
        read_flux(CASES / "named_columns.dat", neutrino="numu", columns={"numu": 1})


@pytest.mark.parametrize(
    "head",
    [
        "E_GeV,NuMuBar,NuMu",
        "Energy [GeV]; anti-numu; numu;",
        "! Enu/GeV  nu_mu_bar  nu_mu",
        "// E  numub  numu",
        "; Energy(GeV) ν̄μ νμ",
        "% BinMid\tnumubar_flux\tnumu_flux",
    ],
)
def test_other_heads(tmp_path: Path, head: str) -> None:
    flux = read_flux(_write(tmp_path, f"{head}\n1, 5e-9, 1e-9,\n3, 5e-9, 1e-9,\n"), neutrino="numu")
    assert flux.total == pytest.approx(2e-9, rel=1e-12, abs=0.0)
    assert ", column 2 " in flux.description


def test_a_head_that_does_not_fit(tmp_path: Path) -> None:
    path = _write(tmp_path, "# E numu nue\n1 2e-9 3e-9 4e-9\n2 2e-9 3e-9 4e-9\n")
    with pytest.raises(FileError, match=r":1: 'E numu nue' names 3 columns, and there are 4; say which is which with"):
        read_flux(path, neutrino="numu")
    assert read_flux(path, neutrino="numu", columns={"E": 0, "numu": 2}).total == pytest.approx(
        3e-9, rel=1e-12, abs=0.0
    )


@pytest.mark.parametrize(
    ("text", "neutrino", "total"),
    [
        ("# E 14 -14 12\n1 1e-9 2e-9 3e-9\n2 1e-9 2e-9 3e-9\n", "nue", 3e-9),
        ("# Ehi Elo numu\n1 0 1e-9\n2 1 1e-9\n", "numu", 2e-9),
        ("# numu nue E\n1e-9 2e-9 1\n1e-9 2e-9 2\n", "nue", 2e-9),
        ("# energy(GeV) flux(nu_mu/cm^2/GeV/POT)\n1 1e-9\n2 1e-9\n", "numu", 1e-9),
        ("# E numu err nue\n1 1e-9 2e-9 5e-9\n2 1e-9 2e-9 5e-9\n", "nue", 5e-9),
    ],
)
def test_columns_in_any_order(tmp_path: Path, text: str, neutrino: str, total: float) -> None:
    assert read_flux(_write(tmp_path, text), neutrino=neutrino).total == pytest.approx(total, rel=1e-12, abs=0.0)


def test_upper_edges_without_lower_ones(tmp_path: Path) -> None:
    path = _write(tmp_path, "# E Ehi numu\n0 1 1e-9\n1 2 1e-9\n")
    with pytest.raises(FileError, match="its head names upper edges and no lower ones; give low_column, or energy_col"):
        read_flux(path, neutrino="numu")
    assert read_flux(path, neutrino="numu", low_column=0).total == pytest.approx(2e-9, rel=1e-12, abs=0.0)


def test_neutrinos_that_are_only_mentioned(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="its text names numu and no nue; give column, or another neutrino"):
        read_flux(_write(tmp_path, "# flux(nu_mu/cm^2/GeV/POT)\n1 1e-9\n2 1e-9\n"), neutrino="nue")
    with pytest.raises(
        FileError, match=":1: its text names numu, numubar, and the columns of flux would be nue, numu; give"
    ):
        read_flux(_write(tmp_path, "# numu flux, numubar flux\n1 1e-9 2e-9\n2 1e-9 2e-9\n"), neutrino="numu")


# ---- uneven bins


def test_bins_that_are_not_50_MeV_wide() -> None:
    path = CASES / "uneven_per_50MeV.txt"
    right = read_flux(CASES / "bin_low_high_right.dat", neutrino="numu", points="edges")
    same(read_flux(path, neutrino="numu"), right)
    same(read_flux(path, neutrino="numu", per="50 MeV", points="edges"), right)
    with pytest.raises(
        FileError, match=r"says a flux per 50 MeV, and its bins are not all that wide, .* per = '50 MeV'"
    ):
        read_flux(path, neutrino="numu", per="bin", points="edges")
    with pytest.raises(FileError, match=r":1: '.*' says points = 'edges', and points = 'centre' is given"):
        read_flux(path, neutrino="numu", points="centre")


def test_centres_with_widths(tmp_path: Path) -> None:
    path = _write(
        tmp_path, "# E width numu [/cm2/MeV/POT, GeV]\n0.5 1 1e-12\n2 2 2e-12\n6 6 1e-12\n".replace(", GeV", "")
    )
    flux = read_flux(path, neutrino="numu", energy_unit="GeV")
    np.testing.assert_array_equal(flux.energies_GeV, [0.0, 1.0, 3.0, 9.0])
    assert flux.total == pytest.approx(11e-9, rel=1e-12, abs=0.0)


def test_gaps_between_bins(tmp_path: Path) -> None:
    path = _write(tmp_path, "# Elo Ehi numu\n0 1 1e-9\n1 2 1e-9\n2.5 3 1e-9\n")
    with pytest.raises(FileError, match=r":4: the bin begins at 2.5, and the one before ends at 2; write gaps as bins"):
        read_flux(path, neutrino="numu")


def test_centres_rounded_to_two_digits(tmp_path: Path) -> None:
    rows = "".join(f"{0.05 * i + 0.025 + 1e-9:.2f} 1e-11\n" for i in range(40))
    flux = read_flux(_write(tmp_path, f"# /cm2/POT/50 MeV\n{rows}"), neutrino="nue", per="bin")
    assert flux.total == pytest.approx(40e-11, rel=1e-9, abs=0.0)
    assert flux.energy_max_GeV == pytest.approx(2.0, abs=0.01)


def test_descending_energies(tmp_path: Path) -> None:
    flux = read_flux(_write(tmp_path, "3 1e-9\n2 2e-9\n1 4e-9\n"), neutrino="nue")
    np.testing.assert_array_equal((flux.energies_GeV, flux.values), ([1.0, 2.0, 3.0], [4e-9, 2e-9, 1e-9]))


# ---- bursts, seconds and MeV


def test_fluence_of_a_supernova() -> None:
    path = CASES / "snowglobes_like.dat"
    with pytest.raises(FileError, match=r"501 rows of 7 columns .* give area = 'cm2' or 'm2' and per = 'GeV'"):
        read_flux(path, neutrino="nue")
    table = np.loadtxt(path)
    whole = {"area": "cm2", "per": "0.2 MeV", "pot": 1.0, "energy_unit": "GeV"}
    for options, units in [({"format": "snowglobes"}, "cm^-2"), (whole, "cm^-2 POT^-1")]:
        flux = read_flux(path, neutrino="nuebar", **options)  # type: ignore[arg-type]
        assert flux.total == pytest.approx(table[:, 4].sum(), rel=1e-12)
        assert flux.total_units == units
        assert flux.energy_max_GeV == pytest.approx(0.1002, rel=1e-9)
    with pytest.raises(
        FileError, match="neutrinos per cm2 and proton on target is more than any beam has, as read: nue"
    ):
        read_flux(path, neutrino="nue", area="cm2", per="bin")
    assert build_source("file", {"path": str(path), "format": "snowglobes"}, None, Path()).total_units == "cm^-2"


def test_flux_per_mev_and_second() -> None:
    path = CASES / "inverse_mev.dat"
    energies, values = np.loadtxt(path).T
    for options in ({}, {"energy_unit": "MeV"}, {"energy_unit": "MeV", "per": "MeV", "time": "s"}):
        flux = read_flux(path, neutrino="nue", **options)  # type: ignore[arg-type]
        assert flux.total == pytest.approx(np.trapezoid(values, energies), rel=1e-12)
        assert flux.total_units == "cm^-2 s^-1"
    for wrong, message in [
        ({"per": "GeV"}, "says per = 'MeV', and per = 'GeV' is given"),
        ({"energy_unit": "GeV"}, "says energy_unit = 'MeV', and energy_unit = 'GeV' is given"),
        ({"time": "POT"}, "says time = 's', and time = 'POT' is given"),
        ({"pot": 3e7}, "pot = 3e.07 does not go with it: .* says a flux per time; leave pot out"),
    ]:
        with pytest.raises(FileError, match=message):
            read_flux(path, neutrino="nue", **wrong)  # type: ignore[arg-type]


def test_flux_per_year(tmp_path: Path) -> None:
    path = _write(tmp_path, "# E (MeV), flux (m^-2 yr^-1 keV^-1)\n1 3.15576e7\n3 3.15576e7\n")
    assert read_flux(path, neutrino="nue").total == pytest.approx(2000.0 / 1e4, rel=1e-12)


# ---- beyond any beam


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1 1e-3\n2 1e-3\n",
            "0.001 neutrinos per cm2 and proton on target is more than any beam has, as read: nue from",
        ),
        ("0.01 1e-9\n0.1 1e-9\n", "a beam that ends at 0.1 GeV is unusual, as read: .*; give energy_unit"),
        ("100 1e-12\n3000 1e-12\n", "a beam that ends at 3000 GeV is unusual, as read: .*; give energy_unit"),
    ],
)
def test_fluxes_beyond_any_beam(tmp_path: Path, text: str, message: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(FileError, match=message):
        build_source("file", {"path": str(path)}, "nue", Path())
    with pytest.raises(FileError, match=message):
        read_flux(path, neutrino="nue")
    stated = read_flux(path, neutrino="nue", area="cm2", per="GeV", pot=1.0, energy_unit="GeV")
    energies, values = np.array([line.split() for line in text.split("\n")[:-1]], dtype=float).T
    assert stated.total == pytest.approx(np.trapezoid(values, energies), rel=1e-12, abs=0.0)


# ---- relative fluxes


def test_a_shape_is_no_flux(tmp_path: Path) -> None:
    path = _write(tmp_path, "# relative flux per GeV, no absolute scale known\n1 2\n2 4\n3 0\n")
    flux = read_flux(path, neutrino="nue")
    assert (flux.total, flux.total_units) == (1.0, "")
    assert "(only its shape; linear)" in flux.description
    np.testing.assert_allclose(flux.density(np.array([1.0, 2.0])), [0.4, 0.8], rtol=1e-12)
    absolute = read_flux(path, neutrino="nue", area="m2", per="GeV", pot=1e20)
    assert absolute.total == pytest.approx(5e-24, rel=1e-12, abs=0.0)
    with pytest.raises(FileError, match=r"speaks of a shape, and .* of units; give area, per, and pot or time"):
        read_flux(_write(tmp_path, "# relative flux per cm2 and GeV\n1 2\n2 2\n"), neutrino="nue")


# ---- layouts of programs


def test_beam_of_nuwro(tmp_path: Path) -> None:
    path = _write(tmp_path, "beam_type = 0\nbeam_particle = 14\nbeam_energy = 0 3000 1 2 1\n")
    flux = read_flux(path, neutrino="numu", format="nuwro")
    np.testing.assert_allclose(flux.energies_GeV, [0.0, 1.0, 2.0, 3.0], rtol=1e-15)
    np.testing.assert_allclose(flux.density(np.array([0.5, 1.5])), [0.25, 0.5], rtol=1e-12)
    assert (flux.total, flux.total_units) == (1.0, "")
    assert "(only its shape, energies in MeV; histogram)" in flux.description
    assert build_source("file", {"path": str(path), "format": "nuwro"}, None, Path()).neutrinos == ("numu",)
    absolute = read_flux(path, neutrino="numu", format="nuwro", area="m2", per="bin", pot=1e6)
    assert absolute.total == pytest.approx(4e-10, rel=1e-12, abs=0.0)
    with pytest.raises(FileError, match="are relative unless the card says what they are; give per = 'GeV'"):
        read_flux(path, neutrino="numu", format="nuwro", area="m2")
    with pytest.raises(FileError, match="names no nue; give its column, or another neutrino"):
        read_flux(path, neutrino="nue", format="nuwro")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beam_energy = 1000\n", "flux.dat:1: beam_energy must be followed by the first and the last energy in MeV"),
        ("x = 1\nbeam_energy = 5 1 2 3\n", "flux.dat:2: beam_energy goes from 5 to 1 MeV; let it rise from 0"),
        ("1 2\n", "has 0 lines 'beam_energy = ...', and NuWro's layout has one"),
    ],
)
def test_what_is_no_beam_of_nuwro(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_flux(_write(tmp_path, text), neutrino="numu", format="nuwro")


def _honda(cosines: list[tuple[float, float, float]]) -> str:
    return "".join(
        f"average flux in [cosZ ={low:5.2f} -- {high:5.2f}, phi_Az =   0 -- 360]\n"
        " Enu(GeV)   NuMu       NuMubar    NuE        NuEbar\n"
        f"  1.0000E-01 {size}E+04 1E+04 3E+03 2E+03\n  3.0000E-01 {size}E+03 1E+03 3E+02 2E+02\n"
        for low, high, size in cosines
    )


def test_atmospheric_flux_of_honda(tmp_path: Path) -> None:
    path = _write(tmp_path, _honda([(0.0, 1.0, 3.0), (-1.0, 0.0, 1.0)]))
    flux = read_flux(path, neutrino="numu", format="honda")
    # (3 + 1) 2 pi at both ends, of 1e4 and 1e3 per m2, s, sr and GeV, over 0.2 GeV
    assert flux.total == pytest.approx(4.0 * 2.0 * np.pi * 0.5 * (1e4 + 1e3) * 0.2 / 1e4, rel=1e-12)
    assert flux.total_units == "cm^-2 s^-1"
    assert build_source("file", {"path": str(path), "format": "honda"}, None, Path()).neutrinos == (
        *("nue", "numu", "nuebar", "numubar"),
    )
    half = _write(tmp_path, _honda([(0.0, 1.0, 3.0)]))
    with pytest.raises(FileError, match=r"its blocks cover 6.283 sr, and all directions are 12.57 sr"):
        read_flux(half, neutrino="numu", format="honda")


HONDA_BLOCK = (
    "average flux in [cosZ =-1.00 --  1.00, phi_Az =   0 -- 360]\n"
    " Enu(GeV)   NuE       NuMu   NuTau  (m^2 sec sr GeV)^-1\n"
    "  1.0000E-01 1E+03 3E+03 1\n  3.0000E-01 1E+02 3E+02 1\n"
)


def test_columns_of_a_file_of_honda_are_those_of_its_head(tmp_path: Path) -> None:
    flux = read_flux(_write(tmp_path, HONDA_BLOCK), neutrino="nue", format="honda")
    assert flux.total == pytest.approx(4.0 * np.pi * 0.5 * (1e3 + 1e2) * 0.2 / 1e4, rel=1e-12)
    assert flux.total_units == "cm^-2 s^-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            HONDA_BLOCK.replace("m^2", "cm^2"),
            r":2: .*cm\^2.*: Honda's files are per \(m\^2 sec sr GeV",
        ),
        (HONDA_BLOCK.replace("1E+03", "x"), ":3: holds what is no finite number"),
        (HONDA_BLOCK.replace(" 3E+02", ""), ":4: 3 columns, but the rows before have 4"),
        ("1 2 3 4 5\n" + HONDA_BLOCK, ":1: must stand below a line with cosZ"),
        ("# per cm2\n" + HONDA_BLOCK, ":1: '# per cm2': Honda's files are per"),
        (HONDA_BLOCK.replace("sr GeV)", "sr MeV)"), ":2: .*MeV.*: Honda's files are per"),
        (HONDA_BLOCK + HONDA_BLOCK, ":5: these directions are there twice; drop one of the blocks"),
        (HONDA_BLOCK + HONDA_BLOCK.replace("1.0000E-01", "2.0000E-01"), ":5: this block has other energies or columns"),
        (HONDA_BLOCK + HONDA_BLOCK.replace("NuE", "NuEbar"), ":6: this block has another head than the first one"),
        (HONDA_BLOCK[:140], ":1: the block must have two or more rows of E numu numubar nue nuebar"),
        ("# no blocks\n1 2\n", "has no line 'average flux in"),
    ],
)
def test_what_is_no_file_of_honda(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_flux(_write(tmp_path, text), neutrino="nue", format="honda")


def test_keys_that_contradict_the_layout_of_honda(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format = 'honda' is per m2, s, sr and GeV; leave area out"):
        read_flux(_write(tmp_path, HONDA_BLOCK), neutrino="nue", format="honda", area="cm2")


@pytest.mark.parametrize(
    ("text", "name"), [(HONDA_BLOCK, "honda"), ("beam_type = 0\nbeam_energy = 0 3000 1 2 1\n", "nuwro")]
)
def test_layouts_of_programs_are_recognised(tmp_path: Path, text: str, name: str) -> None:
    path = _write(tmp_path, text)
    with pytest.raises(FileError, match=f"flux.dat: is in the layout of .*; give format = '{name}'"):
        read_flux(path, neutrino="nue")
    with pytest.raises(FileError, match=f"give format = '{name}'"):
        build_source("file", {"path": str(path)}, None, Path())
    assert read_flux(path, neutrino="nue", format=name).total > 0.0


# ---- heads in other words, and those that are not understood


def _rows(fluxes: int, separator: str = " ") -> str:
    """Return rows of an energy and fluxes of 1e-9, 2e-9, ..., linear in the number of the column."""
    rows = [[f"{energy:g}", *(f"{n}e-9" for n in range(1, fluxes + 1))] for energy in (0.5, 1.0, 2.5)]
    return "".join(separator.join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("text", "neutrino", "total"),
    [
        ("#E(GeV) numu numu~ nue nue~\n" + _rows(4), "numubar", 4e-9),
        ("# E/GeV φ(νμ) φ(ν̄μ) φ(νe) φ(ν̄e)\n" + _rows(4), "nue", 6e-9),
        ("# Energy muon-neutrino muon-antineutrino electron-neutrino x\n" + _rows(4), "numubar", 4e-9),
        ("# E v_mu vbar_mu v_e vbar_e\n" + _rows(4), "nuebar", 8e-9),
        ("# muon antineutrino flux at ND\n" + _rows(1), "numubar", 2e-9),
        ("# E phi_numu phi_numubar phi_nue phi_nuebar\n" + _rows(4), "nue", 6e-9),
        ("E (GeV), flux of numu, flux of nue\n" + _rows(2, ","), "nue", 4e-9),
        ("E,dPhi_dE_numu,dPhi_dE_nue\n" + _rows(2, ","), "nue", 4e-9),
        ("E numu\n---------\n" + _rows(1), "numu", 2e-9),
        ("# Ev numu_flux\n" + _rows(1), "numu", 2e-9),
        ("# Bin centre, bin width, flux (numu)\n.5 1 1e-9\n1.5 1 1e-9\n3 2 1e-9\n", "numu", 4e-9),
        ("E dE numu nue /cm2/bin/POT\n0.5 1 1e-9 2e-9\n1.5 1 1e-9 2e-9\n3 2 1e-9 1e-9\n", "numu", 3e-9),
        (
            r"$E_\nu$ [GeV],$E_\nu$ [GeV] LOW,$E_\nu$ [GeV] HIGH,$\phi_{\nu_\mu}$ [cm^-2 GeV^-1 POT^-1]"
            "\n0.5,0,1,1e-9\n1.5,1,2,2e-9\n3,2,4,1e-9\n",
            "numu", 5e-9,
        ),
        ("# nuebar flux, E in MeV\n# cm^-2 s^-1 MeV^-1\n1 4\n2 2\n3 1\n", "nuebar", 4.5),
        ("# nuebar energy spectrum, E in MeV\n# cm^-2 s^-1 MeV^-1\n1 1\n2 2\n3 4\n", "nuebar", 4.5),
        ("# E numu numubar nue nuebar".replace("numubar", r"$\overline{\nu}_\mu$") + "\n" + _rows(4), "numubar", 4e-9),
        ("# nu_e~ flux\n" + _rows(1), "nuebar", 2e-9),
        ("# bar{nu}_e flux\n" + _rows(1), "nuebar", 2e-9),
    ],
)  # fmt: skip
def test_heads_in_other_words(tmp_path: Path, text: str, neutrino: str, total: float) -> None:
    path = tmp_path / "flux.dat"
    path.write_text(text, encoding="utf-8")
    assert read_flux(path, neutrino=neutrino).total == pytest.approx(total, rel=1e-12, abs=0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Energy(GeV) Flux Error\n" + _rows(2), "'Energy.GeV. Flux Error' may name the columns, and not all names"),
        ("E (GeV),flux,flux_err_low,flux_err_high\n" + _rows(3, ","), "may name the columns"),
        ("# E nm nmb ne neb\n" + _rows(4), "may name the columns"),
        ("# E νμ νμ̄ νe νē\n" + _rows(4), "may name the columns"),
        ("numu,,nue,\nX,Y,X,Y\n0.5,1e-9,0.6,2e-9\n1,1e-9,1.2,2e-9\n", "may name the columns"),
        (
            "# numu flux and uncertainty, /cm2/GeV/POT\n" + _rows(2),
            "names numu, and the columns of flux would be",
        ),
        ("# nue-bar flux\n" + _rows(1), "names nuebar and no numu"),
        ("# E FHC_numu FHC_numubar RHC_numu RHC_numubar\n" + _rows(4), "may name the columns"),
        ("# E numu_from_pi numu_from_K numu_total\n" + _rows(3), "may name the columns"),
        ("# neutrino mode: numu numubar\n# antineutrino mode: numu numubar\n" + _rows(8), "has 9 columns, and nothing"),
        ("# upper bin edge [GeV], flux of numu\n" + _rows(1), "speaks of upper edges, and no column is of lower ones"),
        ("1 0.5 1e-12\n2 1 1e-12\n3 1.5 1e-12\n4 2 1e-12\n", "column 0 counts 1, 2, 3"),
        ("".join(f"{i} {0.05 * i} 1e-12\n" for i in range(5, 15)), "column 0 counts 5, 6, 7"),
    ],
)
def test_heads_that_are_not_understood(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read_flux(_write(tmp_path, text), neutrino="numu")


def test_edges_of_a_table_of_hepdata(tmp_path: Path) -> None:
    """The head names the edges; which column is the flux is asked, and then they are used."""
    head = r'$E_\nu$ [GeV],$E_\nu$ [GeV] LOW,$E_\nu$ [GeV] HIGH,"Flux [/cm^2/GeV/POT]",stat +,stat -'
    path = _write(tmp_path, head + "\n0.5,0,1,1e-9,1,1\n1.5,1,2,2e-9,1,1\n3,2,4,1e-9,1,1\n")
    with pytest.raises(FileError, match="may name the columns"):
        read_flux(path, neutrino="numu")
    flux = read_flux(path, neutrino="numu", columns={"numu": 3})
    assert flux.total == pytest.approx(5e-9, rel=1e-12, abs=0.0)
    np.testing.assert_allclose(flux.energies_GeV, [0.0, 1.0, 2.0, 4.0], rtol=1e-15)


def test_a_histogram_of_another_neutrino(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(tmp_path / "f.root") as file:
        file["numu_flux"] = np.array([1e-9, 2e-9]), np.array([0.0, 1.0, 2.0])
    with pytest.raises(FileError, match="'numu_flux' is of numu by its name or title, and not of nue; choose another"):
        read_flux(tmp_path / "f.root", neutrino="nue", per="GeV")
    assert read_flux(tmp_path / "f.root", neutrino="numu", per="GeV").total == pytest.approx(3e-9, rel=1e-12, abs=0.0)


def test_other_columns_than_those_of_globes(tmp_path: Path) -> None:
    path = _write(tmp_path, "# E numu nue numubar nuebar nutau nutaubar\n" + _rows(6))
    with pytest.raises(FileError, match=r"names other columns than globes has, E nue numu .*; use format = 'columns'"):
        read_flux(path, neutrino="numu", format="globes")


def test_a_column_of_several_neutrinos(tmp_path: Path) -> None:
    path = _write(tmp_path, "# [1/cm^2/GeV] per burst\n# E nue nuebar nux\n" + _rows(3))
    assert read_flux(path, neutrino="nue").total_units == "cm^-2"
    with pytest.raises(FileError, match=r":2: .*: a column is of several neutrinos; name one in process.neutrino"):
        build_source("file", {"path": str(path)}, None, Path())


@pytest.mark.parametrize("count", [10, 20, 200])
def test_centres_rounded_by_printf(tmp_path: Path, count: int) -> None:
    """0.025, 0.075, ... as printf rounds them, some down: the bins are those of 50 MeV all the same."""
    text = "# per bin\n" + "".join(f"{0.025 + 0.05 * i:.2f} 1e-12\n" for i in range(count))
    flux = read_flux(_write(tmp_path, text), neutrino="numu", columns={"numu": 1})
    np.testing.assert_allclose(flux.energies_GeV, 0.05 * np.arange(count + 1), rtol=1e-12)


def test_first_energy_of_snowglobes_at_0(tmp_path: Path) -> None:
    path = _write(tmp_path, "".join(f"{0.0002 * i:.6g} 1e8 2e8 3e8 1e8 1e8 1e8\n" for i in range(501)))
    flux = read_flux(path, neutrino="numu", format="snowglobes")
    assert flux.total == pytest.approx(501 * 2e8, rel=1e-9)
    assert (flux.energy_min_GeV, flux.total_units) == (0.0, "cm^-2")


@pytest.mark.parametrize(
    "text",
    [
        "0,5;1E-9\n1,25;2E-9\n", "0,5\t1E-9\n1,25\t2E-9\n", '"0.5","1e-9"\n"1.25","2e-9"\n',
        "0.5,1e-9,,\n1.25,2e-9,,\n",
    ],
)  # fmt: skip
def test_tables_of_spreadsheets(tmp_path: Path, text: str) -> None:
    flux = read_flux(_write(tmp_path, text), neutrino="numu", columns={"numu": 1})
    np.testing.assert_array_equal((flux.energies_GeV, flux.values), ([0.5, 1.25], [1e-9, 2e-9]))


def test_thousands_or_decimals_are_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is not a number"):
        read_flux(_write(tmp_path, "1,000;1\n2,000;1\n"), neutrino="numu", columns={"numu": 1})


def test_graph_of_falling_energies(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    if not hasattr(uproot, "as_TGraph"):
        pytest.skip("this uproot writes no graphs")
    with uproot.recreate(tmp_path / "graph.root") as file:
        file["g"] = uproot.as_TGraph(
            {"x": np.array([4.0, 2.0, 1.0]), "y": np.array([0.0, 3e-9, 1e-9])}, title="/cm2/GeV"
        )
    assert read_flux(tmp_path / "graph.root", neutrino="numu").total == pytest.approx(5e-9, rel=1e-12, abs=0.0)
