"""Every kind of reaction through every command, and a small process that is entered by its `ReactionKind` alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tests.engines.cases import same_on_both_engines
from tests.processes.flat import COLUMNS, FLAT, NAME, SIGMA_CM2, Flat
from tests.repeats import slow_if
from tridentgen.analysis.verify import verify
from tridentgen.engines.process import Column, Role
from tridentgen.events.columns import require_sound
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.flux import Flux, Monochromatic, PowerLaw
from tridentgen.processes import kinds

PROCESSES = {
    "trident": 'neutrino = "numu"\nleptons = ["mu-", "mu+"]\ntarget = "Ar40"\nregimes = ["coherent", "proton"]',
    "trident-epa": 'neutrino = "numu"\nleptons = ["e-", "e+"]\ntarget = "Ar40"\nregimes = ["coherent"]',
    "cevns": 'target = "CsI"\nneutrino = "numu"',
    "inverse-beta-decay": 'target = "water"',
    "inverse-muon-decay": 'target = "water"\nneutrino = "nuebar"',
    "nu-e": 'target = "CH2"\nneutrino = "nue"',
    "wimp": 'target = "CsI"\ncross_section_cm2 = 1e-45',
    NAME: 'neutrino = "nuebar"\ntarget = "C12"',
}
ENERGIES_GEV = {
    "trident": 5.0, "trident-epa": 5.0, "cevns": 0.03, "inverse-beta-decay": 0.01, "nu-e": 0.01,
    "inverse-muon-decay": 20.0, NAME: 0.02,
}  # fmt: skip
CUTS = {
    "trident": "m2_ll_max_GeV2=0.2",
    "trident-epa": "m2_ll_max_GeV2=0.2",
    "cevns": "recoil_energy_min_keV=4",
    "inverse-beta-decay": "cos_theta_min=0",
    "inverse-muon-decay": "muon_energy_min_GeV=13",
    "nu-e": "electron_energy_min_MeV=4",
    "wimp": "recoil_energy_min_keV=4",
    NAME: "recoil_energy_min_keV=20",
}
OPTIONS = {
    "trident": ["--nu", "numu", "--leptons", "mu-", "mu+", "--target", "Ar40"],
    "trident-epa": ["--nu", "numu", "--leptons", "e-", "e+", "--target", "Ar40"],
    "cevns": ["--target", "Ar40"],
    "inverse-beta-decay": ["--target", "CH2"],
    "inverse-muon-decay": ["--nu", "numu", "--target", "Fe"],
    "nu-e": ["--nu", "numubar", "--target", "Xe"],
    "wimp": ["--target", "Ar40", "--set", "process.cross_section_cm2=1e-45", "--set", "flux.mass_GeV=30"],
    NAME: ["--nu", "numu", "--target", "C12"],
}
FLUXES = {"wimp": 'kind = "halo"\nmass_GeV = 30.0'}
"""Fluxes of kinds that take no neutrinos, and have no single energy."""

QUANTITIES = {
    "inverse-beta-decay": "positron_energy", "nu-e": "electron_energy", "inverse-muon-decay": "muon_energy",
}  # fmt: skip
"""A quantity that is drawn, where it is not the energy of the recoil."""

ALL = sorted({*kinds.KINDS, NAME})
DRAWN = slow_if(lambda kind: kind == "trident-epa", ALL)
"""Its events have the columns of tridents, which are drawn and converted alike."""


@pytest.fixture(autouse=True)
def with_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter the small process: this, and nothing else of the package, knows of it."""
    monkeypatch.setattr(kinds, "KINDS", MappingProxyType({**kinds.KINDS, NAME: FLAT}))


def write_card(folder: Path, kind: str, flux: str = "") -> Path:
    path = folder / f"{kind}.toml"
    if kind in FLUXES:
        flux = FLUXES[kind]
    flux = flux or f'kind = "monochromatic"\nenergy_GeV = {ENERGIES_GEV[kind]}'
    sampling = 'events = 2000\nseed = 5\nengine = "numpy"\ntraining_points = 20000\nrel_error = 0.02'
    path.write_text(
        f'title = "{kind}"\n[process]\nkind = "{kind}"\n{PROCESSES[kind]}\n[flux]\n{flux}\n[sampling]\n{sampling}\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An event file of each kind, once it is made."""
    return {"folder": tmp_path_factory.mktemp("kinds")}


@pytest.fixture
def whole(cli: Command, files: dict[str, Path], tmp_path: Path, kind: str) -> Path:
    """A copy of the event file of a kind."""
    if kind not in files:
        path = files["folder"] / f"{kind}.h5"
        assert cli("generate", write_card(files["folder"], kind), "-o", path).code == 0
        files[kind] = path
    return Path(shutil.copy(files[kind], tmp_path / "whole.h5"))


def test_every_kind_has_a_case() -> None:
    assert set(kinds.KINDS) <= set(PROCESSES), "add the new kind to this file: it goes through all commands then"


@pytest.mark.parametrize("kind", ALL)
def test_generate_info_and_verify(cli: Command, whole: Path, kind: str) -> None:
    told = cli("info", whole)
    assert told.code == 0
    about = cli("info", whole, "--json").json
    assert about["attributes"]["process"] == kind
    for sort in kinds.kind_named(kind).sorts.values():
        parts = about[sort.plural]
        assert sum(part["events"] for part in parts.values()) == 2000
        assert sum(part["share"] for part in parts.values()) == pytest.approx(1.0)
    checks = {check.name: check for check in verify(whole)}
    assert all(check.passed for check in checks.values()), checks
    assert {"momentum balance", "mass shells", "sum of weights", "content hashes"} <= set(checks)
    assert cli("verify", whole).code == 0


@pytest.mark.parametrize("kind", ALL)
def test_columns_say_what_they_are(whole: Path, kind: str) -> None:
    with open_events(whole) as file:
        columns = file.columns
    assert not [column.name for column in columns if column.role is Role.UNKNOWN]
    assert all(column.species is not None for column in columns if column.role.is_momentum)
    known = {column.name: column for column in kinds.kind_named(kind).columns(tg.read(whole).attributes)}
    for column in columns:  # what is derived for files of old is what files say today
        model = known[column.name]
        assert column.role is model.role
        if column.species is not None and model.species is not None:
            mine, other = (dict(zip(s.codes or (0,), zip(s.pdgid, s.mass_GeV, strict=True), strict=True))
                           for s in (column.species, model.species))  # fmt: skip
            assert mine.items() <= other.items(), column.name


@pytest.mark.parametrize("kind", ALL)
def test_cut(cli: Command, whole: Path, tmp_path: Path, kind: str) -> None:
    flow = cli("cut", whole, "--cut", CUTS[kind], "-o", tmp_path / "cut.h5", "--json").json
    assert flow["events_of"] == kinds.kind_named(kind).events_are
    assert 0 < flow["written"] < 2000
    assert flow["written"] == len(tg.read(tmp_path / "cut.h5"))
    assert cli("verify", tmp_path / "cut.h5").code == 0
    assert f"({kinds.kind_named(kind).events_are})" in cli("cut", whole, "--cut", CUTS[kind]).out


@pytest.mark.parametrize("kind", DRAWN)
def test_plot(cli: Command, whole: Path, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("matplotlib")
    pictures = cli("plot", whole, "-o", tmp_path / "pictures", "--json").json
    assert any(Path(picture).stem == QUANTITIES.get(kind, "recoil_energy") for picture in pictures)
    assert all(Path(picture).stat().st_size > 5000 for picture in pictures)


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.usefixtures("kind")
def test_convert_to_every_format(cli: Command, whole: Path, tmp_path: Path) -> None:
    for ending in FORMATS:
        target = tmp_path / f"events{ending}"
        found = cli("convert", whole, target, "--unweight")
        assert found.code == 0, found.err
        assert target.stat().st_size > 500


@pytest.mark.parametrize("kind", ALL)
def test_shards_merge_into_the_whole_run(cli: Command, whole: Path, tmp_path: Path, kind: str) -> None:
    card = write_card(tmp_path, kind)
    parts = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for first, part in zip(("0", "1000"), parts, strict=True):
        assert cli("generate", card, "--first", first, "--events", "1000", "-o", part).code == 0
    assert cli("merge", *parts, "-o", tmp_path / "merged.h5").code == 0
    with h5py.File(whole) as one, h5py.File(tmp_path / "merged.h5") as merged:
        assert one.attrs["content_hash"] == merged.attrs["content_hash"]
        for name in one["events"]:
            assert dict(one["events"][name].attrs) == dict(merged["events"][name].attrs)
    assert cli("generate", card, "--resume", "-o", whole).code == 0  # nothing is left to do


@pytest.mark.parametrize("kind", ALL)
def test_xsec(cli: Command, kind: str, tmp_path: Path) -> None:
    energy = [] if kind in FLUXES else ["--energy", str(ENERGIES_GEV[kind])]
    command = ["xsec", "--process", kind, *OPTIONS[kind], *energy, "--rel-error", "0.05", "--json"]
    (row,) = cli(*command, "--set", "sampling.engine=numpy", "--set", "sampling.training_points=20000").json["results"]
    assert row["process"] == kind
    assert row["sigma_cm2"] > 0.0
    of_card = cli("xsec", write_card(tmp_path, kind), "--json").json["results"]
    assert [r["process"] for r in of_card] == [kind] * len(of_card)


@pytest.mark.parametrize("kind", ALL)
def test_rate(cli: Command, tmp_path: Path, kind: str) -> None:
    energy = ENERGIES_GEV.get(kind, 1.0)
    low, high = 0.9 * energy, 1.1 * energy
    flux = f'kind = "histogram"\nedges_GeV = [{low}, {high}]\nvalues = [1e-6]\narea = "cm2"'
    card = write_card(tmp_path, kind, flux)
    found = cli("rate", card, "--json")
    assert found.code == 0, found.err
    assert found.json["events"] > 0.0
    assert kind in cli("rate", card).out  # the title
    if "spectrum" in found.json:  # the plain report
        events = [row["events"] for row in found.json["spectrum"]["bins"]]
        assert sum(events) == pytest.approx(found.json["events"])
        assert len(events) == len(found.json["spectrum"]["edges"])


def test_the_events_of_the_small_process_are_right(tmp_path: Path, cli: Command) -> None:
    """sigma is the constant; recoils are uniform up to 2 E^2/(M + 2 E), within 4 standard deviations."""
    assert cli("generate", write_card(tmp_path, NAME), "-o", tmp_path / "e.h5").code == 0
    events = tg.read(tmp_path / "e.h5")
    assert events.sum_weights == pytest.approx(SIGMA_CM2, rel=1e-12)
    mass, energy = tg.nuclide("C12").mass_GeV, ENERGIES_GEV[NAME]
    share = events["recoil_energy"] * 1e-6 * (mass + 2.0 * energy) / (2.0 * energy**2)
    assert 0.0 < share.min() < share.max() < 1.0
    assert share.mean() == pytest.approx(0.5, abs=4.0 / np.sqrt(12.0 * len(events)))
    row = cli("xsec", "--process", NAME, *OPTIONS[NAME], "--energy", "0.02", "--json").json["results"][0]
    assert row["sigma_cm2"] == pytest.approx(SIGMA_CM2, rel=1e-12)


@pytest.mark.parametrize("flux", [Monochromatic(0.02), PowerLaw(2.0, 0.005, 0.05)], ids=["one energy", "spectrum"])
def test_a_constant_density_is_traced(flux: Flux) -> None:
    """The integrand is a plain number at one energy; the compiled engine gives the bits of NumPy."""
    same_on_both_engines(Flat("numu", "Ar40").sampled(flux))


def test_python_interface_of_the_small_process() -> None:
    flat = Flat("numu", "Ar40")
    assert flat.cross_section(0.02, engine="numpy").value == pytest.approx(SIGMA_CM2, rel=1e-12)
    assert flat.generate(0.02, events=1000, engine="numpy").sum_weights == pytest.approx(SIGMA_CM2, rel=1e-12)


def without_roles(path: Path) -> Path:
    """Make a file say what files said before columns had roles."""
    with h5py.File(path, "r+") as file:
        for data in file["events"].values():
            for name in ("role", "pdg", "mass_GeV", "depends_on", "codes"):
                if name in data.attrs:
                    del data.attrs[name]
    return path


@pytest.mark.parametrize("kind", DRAWN)
def test_files_without_roles_are_read_as_before(cli: Command, whole: Path, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("matplotlib")
    cut = ["cut", whole, "--cut", CUTS[kind], "--json"]
    before = cli(*cut).json, cli("info", whole, "--json").json["sum_weight"]
    cli("convert", whole, tmp_path / "new.hepevt", "--unweight")
    without_roles(whole)
    assert (cli(*cut).json, cli("info", whole, "--json").json["sum_weight"]) == before
    assert {check.name: check.passed for check in verify(whole)}["mass shells"] is True
    assert cli("verify", whole).code == 0
    few = tg.read(
        whole,
        ["weight", QUANTITIES.get(kind, "recoil_energy"), *(s.column for s in kinds.kind_named(kind).sorts.values())],
    )
    assert [path.stem for path in tg.plot(few, tmp_path / "pictures")][-1] == "overview"
    assert cli("convert", whole, tmp_path / "old.hepevt", "--unweight").code == 0
    assert (tmp_path / "old.hepevt").read_bytes() == (tmp_path / "new.hepevt").read_bytes()


def test_a_computed_observable_of_the_small_process(cli: Command, tmp_path: Path) -> None:
    """The angle of the nucleus to the beam, from momenta; cos theta = (E + M) sqrt(T/(E^2 (T + 2 M)))."""
    path = tmp_path / "e.h5"
    assert cli("generate", write_card(tmp_path, NAME), "-o", path).code == 0
    flow = cli("cut", path, "--cut", "theta_recoil_max_deg=60", "--json").json
    mass, energy = tg.nuclide("C12").mass_GeV, ENERGIES_GEV[NAME]
    recoil = tg.read(path)["recoil_energy"] * 1e-6
    cosine = (energy + mass) * np.sqrt(recoil / (energy**2 * (recoil + 2.0 * mass)))
    passed = int(np.count_nonzero(np.degrees(np.arccos(cosine)) <= 60.0))
    assert sum(row["events"] for name, row in flow["cuts"][0]["by_regime"].items() if name != "total") in (
        passed, 2 * passed,
    )  # fmt: skip


def test_columns_with_other_names_than_those_of_their_roles_are_refused() -> None:
    def renamed(name: str, other: str) -> list[Column]:
        return [replace(column, name=other) if column.name == name else column for column in COLUMNS]

    require_sound(COLUMNS)
    for name, other in (("weight", "w"), ("event_id", "number")):
        with pytest.raises(ValueError, match=f"must be called '{name}'"):
            require_sound(renamed(name, other))
    with pytest.raises(ValueError, match="needs the column 'weight'"):
        require_sound([column for column in COLUMNS if column.name != "weight"])


def test_a_kind_without_particles_or_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="process_id from 100 to 799"):
        replace(FLAT, process_id=None)


def test_a_file_of_an_unknown_kind_is_named(cli: Command, tmp_path: Path) -> None:
    """What needs no kind works, and says what was not checked; what needs it refuses."""
    path = tmp_path / "e.h5"
    assert cli("generate", write_card(tmp_path, NAME), "-o", path).code == 0
    with h5py.File(path, "r+") as file:
        file.attrs["process"] = "from-the-future"
    assert cli("info", path).code == 0
    assert cli("verify", path).code == 0
    words = "holds events of the process 'from-the-future', which this tridentgen does not know"
    for command in (
        ["cut", path, "--cut", "recoil_energy_min_keV=1"],
        ["plot", path, "-o", tmp_path / "p"],
        ["convert", path, tmp_path / "e.hepmc3"],
    ):
        found = cli(*command)
        assert found.code == 2
        assert words in found.err
        assert found.err.count("\n") == 1


def test_verify_says_what_it_did_not_check(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "e.h5"
    assert cli("generate", write_card(tmp_path, NAME), "-o", path).code == 0
    with h5py.File(path, "r+") as file:
        file.attrs["process"] = "from-the-future"
    without_roles(path)
    checks = {check.name: check.passed for check in verify(path)}
    assert checks["mass shells"] is None
    assert checks["momentum balance"] is None
    assert checks["sum of weights"] is None
    assert checks["content hashes"] is True
    found = cli("verify", path)
    assert found.code == 0
    assert "not checked  mass shells" in found.out
    assert json.loads(cli("verify", path, "--json").out)["sound"] is True


def test_a_wrong_mass_is_off_its_shell(cli: Command, tmp_path: Path) -> None:
    path = tmp_path / "e.h5"
    assert cli("generate", write_card(tmp_path, NAME), "-o", path).code == 0
    with h5py.File(path, "r+") as file:
        file["events/p4_recoil"].attrs["mass_GeV"] = "11.0"
    checks = {check.name: check.passed for check in verify(path)}
    assert checks["mass shells"] is False
    assert checks["momentum balance"] is True
