"""Photons of the dipole portal through every command and format, for nuclei and electrons."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tridentgen.analysis.verify import verify
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.exchange.importing.hepevt import read_hepevt
from tridentgen.exchange.importing.nuhepmc import read_nuhepmc
from tridentgen.plots.axes import axes_of
from tridentgen.runs import run as runs

CARDS = {
    "cevns": 'target = "CH4"\nneutrino = "numubar"\n[model.dipole]\nmass_GeV = 0.1\nmu_muB = 3e-8\n'
    'decay = "dirac"\nregimes = ["coherent", "diffractive"]',
    "nu-e": 'target = "CH4"\nneutrino = "numu"\n[model.dipole]\nmass_GeV = 0.01\nmu_muB = 1e-6\ndecay = "majorana"',
}
BOTH = pytest.mark.parametrize("kind", CARDS)
EVENTS = 1500
BOX = '[detector.volume]\nshape = "box"\nsize_cm = [300, 400, 500]\n[detector.spill]\nkind = "uniform"\nlength_us = 2\n'


def write_card(folder: Path, kind: str, geometry: str = BOX, **changes: str) -> Path:
    path = folder / f"{kind}.toml"
    text = (
        f'title = "photons"\n[process]\nkind = "{kind}"\n{CARDS[kind]}\n'
        '[flux]\nkind = "histogram"\nedges_GeV = [0.5, 1.0, 2.0]\nvalues = [1e-6, 1e-6]\narea = "cm2"\n'
        f"{geometry}[exposure]\nmass_t = 10\npot = 1e25\n"
        f'[sampling]\nevents = {EVENTS}\nseed = 5\nengine = "numpy"\ntraining_points = 20000\nrel_error = 0.02\n'
    )
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("decays")


@pytest.fixture
def whole(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.h5"
    return path if path.exists() else runs.run(write_card(folder, kind), path).path


@BOTH
def test_verify_info_and_expected_events(cli: Command, whole: Path) -> None:
    checks = {check.name: check for check in verify(whole)}
    assert all(check.passed for check in checks.values()), checks
    assert "decays" in checks
    events = tg.read(whole)
    seen = float(np.sum(events["weight"] * events["acceptance"]))
    about = cli("info", whole, "--json").json
    assert about["attributes"]["acceptance"] == pytest.approx(seen / events.sum_weights, rel=1e-12)
    assert about["expected_events"] == pytest.approx(seen * about["exposure"]["events_per_cm2"], rel=1e-12)
    assert "N -> nu gamma" in cli("info", whole).out


@BOTH
def test_a_wrong_daughter_is_found(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.h5"
    path.write_bytes(whole.read_bytes())
    with h5py.File(path, "r+") as file:
        file["events/p4_photon"][3] *= 1.001
    assert {check.name: check.passed for check in verify(path)}["decays"] is False


@BOTH
def test_rate_counts_photons_inside(cli: Command, whole: Path, folder: Path, kind: str) -> None:
    """The same events, so the same numbers but for the precision of the cross section."""
    found = cli("rate", folder / f"{kind}.toml", "--json").json
    (step,) = found["cuts"]
    assert step["cut"] == "decay in the detector"
    about = cli("info", whole, "--json").json
    assert step["events"] == pytest.approx(about["expected_events"], rel=0.06)
    assert step["events"] < found["events"]


@BOTH
def test_cuts_shards_and_resuming(cli: Command, whole: Path, folder: Path, tmp_path: Path, kind: str) -> None:
    flow = cli("cut", whole, "--cut", "photon_energy_min_MeV=200", "opening_angle_max_deg=60", "-o", tmp_path / "c.h5")
    assert flow.code == 0, flow.err
    assert cli("verify", tmp_path / "c.h5").code == 0
    few = tg.read(tmp_path / "c.h5")
    assert 0 < len(few) < EVENTS
    assert few["photon_energy"].min() >= 200.0
    card = folder / f"{kind}.toml"
    for first, part in (("0", "a.h5"), ("700", "b.h5")):
        count = "700" if first == "0" else str(EVENTS - 700)
        assert cli("generate", card, "--first", first, "--events", count, "-o", tmp_path / part).code == 0
    assert cli("merge", tmp_path / "a.h5", tmp_path / "b.h5", "-o", tmp_path / "m.h5").code == 0
    with h5py.File(whole) as one, h5py.File(tmp_path / "m.h5") as merged:
        assert one.attrs["content_hash"] == merged.attrs["content_hash"]
        assert one.attrs["acceptance"] == pytest.approx(merged.attrs["acceptance"], rel=1e-12)
    assert cli("generate", card, "--resume", "-o", whole).code == 0


@BOTH
def test_axes_of_pictures(whole: Path) -> None:
    names = [axis.name for axis in axes_of(tg.read(whole))]
    assert names[-3:] == ["photon_energy", "theta_photon", "decay_length"]


@BOTH
@pytest.mark.slow
def test_pictures(cli: Command, whole: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = {Path(path).stem for path in cli("plot", whole, "-o", tmp_path / "pictures", "--json").json}
    assert {"photon_energy", "theta_photon", "decay_length", "overview"} <= names


@BOTH
def test_an_interrupted_run_ends_with_the_same_file(
    whole: Path, folder: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tridentgen.runs import production

    monkeypatch.setattr(production, "BATCH", 512)

    def stop(_step: str, share: float) -> None:
        if _step == "generating" and share > 0.3:
            raise KeyboardInterrupt

    card = folder / f"{kind}.toml"
    with pytest.raises(KeyboardInterrupt):
        runs.run(card, tmp_path / "r.h5", resume=True, progress=stop)
    runs.run(card, tmp_path / "r.h5", resume=True)
    with h5py.File(whole) as one, h5py.File(tmp_path / "r.h5") as other:
        assert one.attrs["content_hash"] == other.attrs["content_hash"]
        assert one.attrs["acceptance"] == pytest.approx(other.attrs["acceptance"], rel=1e-12)


@BOTH
def test_every_format(cli: Command, whole: Path, tmp_path: Path) -> None:
    seen = tg.read(whole)
    sigma_pb = float(np.sum(seen["weight"] * seen["acceptance"])) * 1e36
    for ending in FORMATS:
        for options in ([], ["--unweight"]):
            if options != (["--unweight"] if ending in (".hepevt", ".lhe", ".parquet") else []):
                continue
            found = cli("convert", whole, tmp_path / f"e{ending}", "--force", "--json", *options)
            assert found.code == 0, found.err
            assert found.json["sigma_pb"] == pytest.approx(sigma_pb, rel=1e-9)


@BOTH
def test_nuhepmc_has_the_decay_where_it_is(cli: Command, whole: Path, tmp_path: Path, kind: str) -> None:
    """Status, position and balance of both vertices; weights are those of photons inside."""
    pyhepmc = pytest.importorskip("pyhepmc")
    assert cli("convert", whole, tmp_path / "e.hepmc3").code == 0
    events = tg.read(whole)
    weight = events["weight"] * events["acceptance"] * 1e36
    with pyhepmc.open(str(tmp_path / "e.hepmc3")) as file:
        for row, event in zip(range(300), file, strict=False):
            assert event.weights[0] == pytest.approx(weight[row], rel=1e-12)
            (heavy,) = [p for p in event.particles if p.status == 2]
            assert abs(heavy.pid) == 9900012
            assert (heavy.pid < 0) == (kind == "cevns")
            vertex = heavy.end_vertex
            assert vertex.status == 22
            place = [events[f"decay_{axis}"][row] * 10 for axis in "xyz"] + [events["decay_time"][row] * 299.792458]
            at = vertex.position
            assert (at.x, at.y, at.z, at.t) == pytest.approx(place, rel=1e-12)
            photon, light = vertex.particles_out
            assert (photon.pid, photon.status, light.status) == (22, 1, 1)
            assert light.pid == events["decay_flavour"][row]
            start = heavy.production_vertex
            assert start.position.x == pytest.approx(events["vertex_x"][row] * 10, rel=1e-12)
            for point in event.vertices:
                for name in ("e", "px", "py", "pz"):
                    sums = [
                        sum(getattr(p.momentum, name) for p in side)
                        for side in (point.particles_in, point.particles_out)
                    ]
                    assert sums[0] == pytest.approx(sums[1], abs=1e-8)
        tables = event.run_info.attributes
        assert "2" in str(tables["NuHepMC.ParticleStatusIDs"]).split()
        assert "22" in str(tables["NuHepMC.VertexStatusIDs"]).split()
        assert "stable" not in str(tables["NuHepMC.AdditionalParticleNumber[9900012].Description"])


def test_files_without_a_decay_still_say_that_it_is_stable(cli: Command, tmp_path: Path) -> None:
    card = write_card(tmp_path, "cevns", "", **{'decay = "dirac"': 'decay = "none"'})
    assert cli("generate", card, "-o", tmp_path / "e.h5").code == 0
    assert cli("convert", tmp_path / "e.h5", tmp_path / "e.hepmc3", "--unweight").code == 0
    text = (tmp_path / "e.hepmc3").read_text(encoding="ascii")
    assert "stable here" in text
    assert "VertexStatusIDs 1 21\n" in text
    assert "signal_process_id 151\n" in text
    assert "signal_process_id 152\n" in text


def test_files_are_read_back(cli: Command, tmp_path: Path, folder: Path) -> None:
    """NuHepMC and HEPEVT: N in its place, photon and neutrino beside it, nucleons as nucleons, the first time."""
    pytest.importorskip("pyhepmc")
    whole = folder / "cevns.h5"
    if not whole.exists():
        runs.run(write_card(folder, "cevns"), whole)
    assert cli("convert", whole, tmp_path / "e.hepmc3").code == 0
    assert cli("convert", whole, tmp_path / "e.hepevt").code == 0
    made = tg.read(whole)
    finals = [name.rpartition("/")[2] for name in str(made.attributes["channel_names"]).split(",")]
    places = np.array([{"upscattering": 1, "upscattering-proton": 2, "upscattering-neutron": 3}[f] for f in finals])
    for found in (read_nuhepmc(tmp_path / "e.hepmc3"), read_hepevt(tmp_path / "e.hepevt")):
        for name in ("p4_nu_out", "p4_photon", "p4_nu_decay", "p4_recoil", "photon_energy"):
            np.testing.assert_allclose(found[name], made[name], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(found["decay_flavour"], made["decay_flavour"])
        np.testing.assert_array_equal(found["channel"], places[made["channel"]])
        np.testing.assert_allclose(found["time"], made["vertex_time"], rtol=1e-9)
        assert found.attributes["decay"] == "dirac"
    flow = cli("cut", tmp_path / "e.hepmc3", "--cut", "photon_energy_min_MeV=300")
    assert flow.code == 0, flow.err


def test_other_formats_have_places_and_lifetimes(cli: Command, tmp_path: Path, folder: Path) -> None:
    whole = folder / "nu-e.h5"
    if not whole.exists():
        runs.run(write_card(folder, "nu-e"), whole)
    made = tg.read(whole)
    assert cli("convert", whole, tmp_path / "e.lheh5").code == 0
    with h5py.File(tmp_path / "e.lheh5") as file:
        names = [str(name) for name in np.char.decode(np.asarray(file["particles"].attrs["properties"], dtype="S"))]
        rows = file["particles"][:].reshape(EVENTS, 6, len(names))
    lifetime, status, mother, spin, code = (
        rows[:, :, names.index(n)] for n in ("lifetime", "status", "mother1", "spin", "id")
    )
    np.testing.assert_allclose(lifetime[:, 2], made["proper_time"] * 299.792458, rtol=1e-12)
    assert np.all(status == [-1, -1, 2, 1, 1, 1])
    assert np.all(mother[:, 4:] == 3)
    np.testing.assert_array_equal(spin[:, 4], -np.sign(code[:, 5]))  # the photon of a neutrino is left-handed
    uproot = pytest.importorskip("uproot")
    assert cli("convert", whole, tmp_path / "e.rootracker.root").code == 0
    tree = uproot.open(tmp_path / "e.rootracker.root")["gRooTracker"]
    away, vertex = tree["StdHepX4"].array(library="np"), tree["EvtVtx"].array(library="np")
    np.testing.assert_allclose(vertex[:, 2] * 100 + away[:, 4, 2] * 1e-13, made["decay_z"], rtol=1e-9, atol=1e-9)
    assert cli("convert", whole, tmp_path / "e.parquet").code == 0
    parquet = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "e.parquet")
    np.testing.assert_allclose(parquet["weight"].to_numpy(), made["weight"] * made["acceptance"], rtol=1e-12)
    assert set(parquet["acceptance"].to_pylist()) == {1.0}


@BOTH
def test_unweighted_files_are_unweighted_again_for_photons(
    cli: Command, folder: Path, tmp_path: Path, kind: str
) -> None:
    """`generate --unweight` knows no acceptance: conversion does; the exposure follows from the photons written."""
    card = folder / f"{kind}.toml"
    if not card.exists():
        write_card(folder, kind)
    assert cli("generate", card, "--unweight", "-o", tmp_path / "u.h5").code == 0
    assert cli("verify", tmp_path / "u.h5").code == 0
    about = cli("info", tmp_path / "u.h5", "--json").json
    found = cli("convert", tmp_path / "u.h5", tmp_path / "u.hepmc3", "--unweight", "--json").json
    assert found["events"] < found["events_read"] == EVENTS
    attributes = about["attributes"]
    assert found["sigma_pb"] == pytest.approx(attributes["sigma"] * attributes["acceptance"] * 1e36, rel=1e-9)
    whole = cli("convert", tmp_path / "u.h5", tmp_path / "w.hepmc3", "--json").json
    assert whole["weighted"] is True
    assert whole["sigma_pb"] == pytest.approx(found["sigma_pb"], rel=1e-9)


def test_without_volumes_there_is_no_acceptance(tmp_path: Path) -> None:
    """Neither without a geometry nor in a point; positions are relative, or those of the point and the flight."""
    bare = tg.read(runs.run(write_card(tmp_path, "nu-e", ""), tmp_path / "a.h5").path)
    point = '[detector.volume]\nshape = "point"\ncentre_cm = [0, 0, 1000]\n'
    at = tg.read(runs.run(write_card(tmp_path, "nu-e", point), tmp_path / "b.h5").path)
    assert "acceptance" not in bare.columns
    assert "acceptance" not in at.columns
    np.testing.assert_allclose(at["decay_z"], bare["decay_z"] + 1000.0, rtol=1e-9)
    assert "detector coordinates" in next(c.description for c in at.schema if c.name == "decay_x")
    assert "relative to the interaction" in next(c.description for c in bare.schema if c.name == "decay_x")


MISTAKES = [
    ("cevns", {'"dirac"': '"mayorana"'}, "model.dipole.decay: must be one of none, dirac, majorana"),
    (
        "cevns",
        {'["coherent", "diffractive"]': '["incoherent"]'},
        "must be one of coherent, proton, neutron",
    ),
    ("cevns", {'["coherent", "diffractive"]': '["proton", "diffractive"]'}, "'proton' is named twice"),
    ("cevns", {"mass_GeV = 0.1": "mass_GeV = 3.0"}, "no upscattering: the flux ends at 2000 MeV"),
    ("cevns", {"mass_GeV = 0.1": "mass_GeV = 0.0"}, "does not decay"),
    ("cevns", {"mass_GeV = 0.1": "mass_GeV = nan"}, "model.dipole.mass_GeV"),
    ("cevns", {"mu_muB = 3e-8": "mu_muB = 1e-300"}, "does not decay"),
    ("cevns", {"[exposure]": "[detector]\nthreshold_keVnr = 1.0\n[exposure]"}, "response to nuclear recoils"),
    ("nu-e", {'decay = "majorana"': 'decay = "majorana"\nregimes = ["proton"]'}, "unknown key 'model.dipole.regimes'"),
    ("nu-e", {"length_us = 2": "length_us = 2\n[cuts]\nphoton_energy_min_GeV = 1"}, "photon_energy_min_MeV"),
    ("nu-e", {"size_cm = [300, 400, 500]": "size_cm = [300, 400, 500]\ndecays = 1"}, "detector.volume.decays"),
    ("nu-e", {"size_cm = [300, 400, 500]": "size_cm = [300, 400, 500]\ndecays = false"}, "decays must count"),
]


@pytest.mark.parametrize(("kind", "changes", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_give_one_line(cli: Command, tmp_path: Path, kind: str, changes: dict[str, str], message: str) -> None:
    geometry = "" if "response" in message else BOX
    found = cli("generate", write_card(tmp_path, kind, geometry, **changes), "-o", tmp_path / "e.h5")
    assert found.code == 2
    assert message in found.err
    assert found.err.count("\n") == 1, found.err
    assert not (tmp_path / "e.h5").exists()


def test_a_cut_on_photons_without_a_decay_is_refused(cli: Command, tmp_path: Path) -> None:
    none = {'decay = "dirac"': 'decay = "none"', "[exposure]": "[cuts]\nphoton_energy_min_MeV = 5\n[exposure]"}
    found = cli("generate", write_card(tmp_path, "cevns", **none), "-o", tmp_path / "e.h5")
    assert found.code == 2
    assert "the events of this card have no 'photon_energy'; leave the cut out" in found.err


def test_xsec_is_that_of_upscattering(cli: Command, tmp_path: Path) -> None:
    (row,) = cli("xsec", write_card(tmp_path, "cevns"), "--json").json["results"]
    assert row["regime"] == "coherent,diffractive"
    events = tg.read(runs.run(tmp_path / "cevns.toml", tmp_path / "e.h5").path)
    assert row["sigma_cm2"] == pytest.approx(events.sum_weights, rel=0.06)
    assert json.loads(str(events.attributes["model"]))["dipole"]["decay"] == "dirac"


@pytest.mark.slow
def test_the_built_in_card(cli: Command, tmp_path: Path) -> None:
    """91 photons of 1031 N, within 2 %."""
    made = runs.run("hnl_gamma_argon", tmp_path / "e.h5")
    assert made.expected_events == pytest.approx(91.2, rel=0.02)
    assert made.acceptance == pytest.approx(0.0885, rel=0.02)
    assert cli("verify", tmp_path / "e.h5").code == 0
