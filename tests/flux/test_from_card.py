from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tridentgen.errors import FileError, InputError
from tridentgen.flux import (
    Monochromatic,
    MuonDecay,
    PowerLaw,
    TabulatedFlux,
    build_flux,
    build_source,
)
from tridentgen.flux.kinds import KINDS

HERE = Path()
MINIMAL: dict[str, dict[str, object]] = {
    "monochromatic": {"energy_GeV": 5},
    "power-law": {"index": 2, "energy_min_GeV": 1, "energy_max_GeV": 10.0},
    "histogram": {"edges_GeV": [0, 1, 3], "values": [1, 2.0]},
    "muon-decay": {"muon_energy_GeV": 3.8, "muon": "mu-", "distance_m": 50},
}


def test_every_kind() -> None:
    assert build_flux("monochromatic", MINIMAL["monochromatic"], "numu", HERE) == Monochromatic(5.0)
    assert build_flux("power-law", MINIMAL["power-law"], "numu", HERE) == PowerLaw(2.0, 1.0, 10.0)
    assert build_flux("muon-decay", MINIMAL["muon-decay"], "numu", HERE) == MuonDecay(3.8, -1, "numu", 50.0)
    several = {"pion-decay-at-rest", "reactor", "solar", "atmospheric", "dsnb", "supernova"}
    assert set(KINDS) == {*MINIMAL, "file", "facility", "halo", *several}


def test_energy_in_mev() -> None:
    flux = build_flux("monochromatic", {"energy_MeV": 29.8}, "numu", HERE)
    assert isinstance(flux, Monochromatic)
    assert flux.energy_GeV == pytest.approx(0.0298)


def test_both_neutrinos_of_a_muon() -> None:
    source = build_source("muon-decay", MINIMAL["muon-decay"], None, HERE)
    assert [c.neutrino for c in source.components] == ["numu", "nuebar"]
    assert [c.flux for c in source.components] == [MuonDecay(3.8, -1, nu, 50.0) for nu in ("numu", "nuebar")]
    assert source.description == "numu and nuebar from decays of mu- of 3.8 GeV, 50 m away"
    named = build_source("muon-decay", MINIMAL["muon-decay"], "nuebar", HERE)
    assert named.neutrinos == ("nuebar",)


@pytest.mark.parametrize("kind", ["monochromatic", "power-law", "histogram"])
def test_fluxes_that_do_not_say_which_neutrino(kind: str) -> None:
    assert build_source(kind, MINIMAL[kind], "nutau", HERE).neutrinos == ("nutau",)
    with pytest.raises(InputError, match=f"process.neutrino is missing: flux.kind = '{kind}' does not define the"):
        build_source(kind, MINIMAL[kind], None, HERE)


def test_every_column_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "flux.dat").write_text("1 1e-9 2e-9 0 5e-9\n2 1e-9 2e-9 0 7e-9\n")
    source = build_source("file", {"path": "flux.dat"}, None, tmp_path)
    assert {c.neutrino: c.flux.total for c in source.components} == {"nue": 1e-9, "numu": 2e-9, "nuebar": 6e-9}
    words = "nue, numu, nuebar from flux.dat, columns 1, 2, 4 (per cm2 and GeV; linear), 1 to 2 GeV"
    assert (source.description, source.total_units) == (words, "cm^-2 POT^-1")
    one = build_source("file", {"path": "flux.dat", "column": "numu"}, None, tmp_path)
    assert {c.neutrino: c.flux.total for c in one.components} == {"numu": 2e-9}
    assert build_source("file", {"path": "flux.dat"}, "nuebar", tmp_path).total == 6e-9


def test_files_that_do_not_say_which_neutrino(tmp_path: Path) -> None:
    (tmp_path / "flux.dat").write_text("1 0 0\n2 0 0\n")
    (tmp_path / "flux.root").write_bytes(b"root of all")
    with pytest.raises(FileError, match=r"flux.dat: no flux in the columns of nue, numu"):
        build_source("file", {"path": "flux.dat"}, None, tmp_path)
    with pytest.raises(InputError, match=r"flux.column = 1 is one column, and nothing says of which neutrino; name it"):
        build_source("file", {"path": "flux.dat", "column": 1}, None, tmp_path)
    with pytest.raises(InputError, match=r"flux.root: a histogram does not say which neutrino it is; name it"):
        build_source("file", {"path": "flux.root"}, None, tmp_path)


def test_muon_decay_with_everything() -> None:
    options = {**MINIMAL["muon-decay"], "muon": "mu+", "detector_radius_m": 2, "polarisation": -0.5}
    assert build_flux("muon-decay", options, "nue", HERE) == MuonDecay(3.8, 1, "nue", 50.0, 2.0, -0.5)
    options = {**MINIMAL["muon-decay"], "off_axis_angle_deg": 90}
    flux = build_flux("muon-decay", options, "numu", HERE)
    assert isinstance(flux, MuonDecay)
    assert flux.off_axis_angle_rad == pytest.approx(np.pi / 2)


def test_histogram_on_the_card() -> None:
    shape = build_flux("histogram", MINIMAL["histogram"], "numu", HERE)
    assert (shape.total, shape.total_units) == (1.0, "")
    assert shape.description == "numu, histogram of 2 bins, 0 to 3 GeV"
    absolute = build_flux("histogram", {**MINIMAL["histogram"], "area": "m2"}, "numu", HERE)
    assert absolute.total == pytest.approx(5e-4)
    assert absolute.total_units == "cm^-2 POT^-1"
    per_bin = build_flux("histogram", {**MINIMAL["histogram"], "area": "cm2", "per": "bin"}, "numu", HERE)
    assert per_bin.total == pytest.approx(3.0)
    np.testing.assert_allclose(per_bin.density(np.array([0.5, 2.0])), [1 / 3, 1 / 3])


def test_file_is_sought_beside_the_card(tmp_path: Path) -> None:
    (tmp_path / "flux.dat").write_text("1000 1e-9 2e-9 3e-9\n2000 1e-9 2e-9 5e-9\n")
    in_mev = {"path": "flux.dat", "energy_unit": "MeV", "per": "GeV"}
    flux = build_flux("file", {**in_mev, "column": 3}, "nuebar", tmp_path)
    assert isinstance(flux, TabulatedFlux)
    assert flux.total == pytest.approx(4e-9, rel=1e-12, abs=0.0)
    borrowed = build_flux("file", {**in_mev, "column": "numu"}, "nutau", tmp_path)
    assert borrowed.total == pytest.approx(2e-9, rel=1e-12, abs=0.0)
    everything = {"path": str(tmp_path / "flux.dat"), "format": "columns", "area": "m2", "per": "MeV"}
    flux = build_flux("file", {**everything, "energy_unit": "MeV", "points": "edges", "pot": 10}, "nue", HERE)
    assert flux.total == pytest.approx(2e-9 * 1e3 / 1e4 / 10.0, rel=1e-12, abs=0.0)


def test_root_histogram_from_a_card(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(tmp_path / "flux.root") as file:
        file["h"] = (np.array([1e-9, 2e-9]), np.array([0.0, 1.0, 3.0]))
    flux = build_flux("file", {"path": "flux.root", "histogram": "h", "per": "bin"}, "numu", tmp_path)
    assert flux.total == pytest.approx(3e-9, rel=1e-12, abs=0.0)


def test_missing_file_says_where_it_is_published(tmp_path: Path) -> None:
    options = {"path": "dune.root", "published_at": "https://glaucus.crc.nd.edu/DUNEFluxes"}
    with pytest.raises(FileError, match=r"dune.root: no such flux file; such files are published at https://glaucus"):
        build_flux("file", options, "numu", tmp_path)
    with pytest.raises(FileError, match=r"dune.root: no such flux file; put one there or correct flux.path"):
        build_flux("file", {"path": "dune.root"}, "numu", tmp_path)


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("monochromatik", {}, "flux.kind: unknown kind 'monochromatik', did you mean 'monochromatic'"),
        ("monochromatic", {"energy_Gev": 1}, "unknown key 'flux.energy_Gev', did you mean 'energy_GeV'"),
        ("monochromatic", {"energy_GeV": "5"}, "flux.energy_GeV = '5' is not a number"),
        ("monochromatic", {"energy_GeV": True}, "flux.energy_GeV = True is not a number"),
        ("monochromatic", {"energy_GeV": -5}, "flux.energy_GeV = -5.0 must be a positive energy"),
        (
            "monochromatic",
            {"energy_GeV": None},
            "flux.energy_GeV is missing: flux.kind = 'monochromatic' needs it",
        ),
        ("monochromatic", {"energy_MeV": 30}, "flux.energy_MeV = 30.0 stands beside energy_GeV; give one of the two"),
        (
            "monochromatic",
            {"energy_GeV": None, "energy_MeV": -30},
            "flux.energy_MeV = -30.0 must be a positive energy in MeV",
        ),
        ("power-law", {"index": None}, "flux.index is missing"),
        ("power-law", {"energy_max_GeV": 0.5}, "flux.energy_max_GeV = 0.5 must be finite and exceed"),
        ("histogram", {"values": [1]}, "flux.values has 1 entries, but 3 edges_GeV bound 2 bins"),
        ("histogram", {"values": [1, "2"]}, "flux.values has '2' as entry 1, which is not a number"),
        ("histogram", {"values": 3}, "flux.values = 3 is not a list of numbers"),
        ("histogram", {"values": [1, -2]}, r"flux\.values\[1\]: flux -2 is negative"),
        ("histogram", {"edges_GeV": [0, 3, 1]}, r"flux\.edges_GeV\[2\]: energy 1 does not exceed"),
        ("histogram", {"edges_GeV": [0, 5e-324, 1], "per": "bin"}, "flux: a number is too large or too small"),
        ("histogram", {"per": "year"}, "flux.per = 'year' is not known; use 'GeV' or 'bin'"),
        ("histogram", {"area": "km2"}, "flux.area = 'km2' is not known; use 'cm2' or 'm2'"),
        ("muon-decay", {"muon": "mu"}, r"flux.muon = 'mu' must be 'mu-' or 'mu\+'"),
        ("muon-decay", {"muon": "mu+"}, r"flux: mu\+ decays make numubar and nue, not numu"),
        ("muon-decay", {"distance_m": 1e-200}, "flux: a number is too large or too small to work with"),
        ("muon-decay", {"polarisation": 2}, "flux.polarisation = 2.0 must lie between -1 and 1"),
        (
            "muon-decay",
            {"off_axis_angle_deg": -1},
            "flux.off_axis_angle_deg = -1.0 must lie between 0 and 180",
        ),
    ],
)
def test_mistakes_on_the_card(kind: str, changes: dict[str, object], message: str) -> None:
    options = {key: value for key, value in {**MINIMAL.get(kind, {}), **changes}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        build_flux(kind, options, "numu", HERE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": None}, "flux.path is missing"),
        ({"format": "csv"}, "flux.format = 'csv' is not known"),
        ({"area": "km2"}, "flux.area = 'km2' is not known"),
        ({"points": "middle"}, "flux.points = 'middle' is not known"),
        ({"path": "~nobody-of-that-name/f.dat"}, "flux.path = '~nobody-of-that-name/f.dat' starts in the home of"),
        ({"pot": -1}, "flux.pot = -1 must be a positive number"),
        ({"column": 0}, "flux.column = 0 must be 1 or more: columns count from 0"),
        ({"column": "nu_mu"}, "flux.column = 'nu_mu' is no neutrino, did you mean 'numu'.; use a number"),
        ({"column": 1.5}, "flux.column = 1.5 is not a number or a name"),
    ],
)
def test_mistakes_about_files(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    (tmp_path / "flux.dat").write_text("1 1 2\n2 1 2\n")
    options = {key: value for key, value in {"path": "flux.dat", **changes}.items() if value is not None}
    with pytest.raises(InputError, match=message):
        build_flux("file", options, "numu", tmp_path)


def test_unknown_neutrino() -> None:
    with pytest.raises(InputError, match="unknown neutrino 'numuu', did you mean"):
        build_flux("monochromatic", {"energy_GeV": 5.0}, "numuu", HERE)
