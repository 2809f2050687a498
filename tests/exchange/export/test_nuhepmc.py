"""The rules of NuHepMC 1.0.0, checked on the text of files of every kind."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.exchange.export.hepmc_text import Line, TextEvent, TextFile, read_text
from tests.exchange.export.samples import KINDS, TRIDENTS, Samples, codes, outgoing, placed
from tridentgen.exchange.export.convert import export_events

ENDINGS = (".hepmc3", ".hepmc3.gz")


@pytest.fixture(params=["final", "pseudo", "unweighted"])
def option(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written(source: Path, folder: Path, ending: str = ".hepmc3", option: str = "final") -> TextFile:
    path = folder / f"out{ending}"
    unweight = option == "unweighted"
    export_events(source, path, recoil="final" if unweight else option, unweight=unweight)
    return read_text(path)


@pytest.mark.parametrize("kind", KINDS)
def test_rules_of_the_run(source: Path, tmp_path: Path, option: str) -> None:
    file = written(source, tmp_path, option=option)
    run = file.attributes
    assert [run[f"NuHepMC.Version.{part}"] for part in ("Major", "Minor", "Patch")] == ["1", "0", "0"]  # G.R.2
    assert all(tool[0] and tool[1] for tool in file.tools)  # G.R.3
    assert file.tools[0][0] == "tridentgen"
    labels = set(file.list_of("NuHepMC.Conventions"))  # G.R.4
    assert {"G.C.2", "G.C.3", "E.C.1", "E.C.5", "V.C.1", "P.C.1"} <= labels  # G.R.5
    assert ("P.C.2" in labels) == (option == "pseudo")
    assert run["NuHepMC.Units.CrossSection.Unit"] == "pb"  # G.R.6
    assert run["NuHepMC.Units.CrossSection.TargetScale"] == "PerAtom"
    assert file.weights == ["CV"]  # G.R.7
    for ids, info in (
        ("ProcessIDs", "ProcessInfo"),  # G.R.8
        ("VertexStatusIDs", "VertexStatusInfo"),  # G.R.9
        ("ParticleStatusIDs", "ParticleStatusInfo"),  # G.R.10
        ("AdditionalParticleNumbers", "AdditionalParticleNumber"),  # G.R.11
        ("AdditionalParticleNumbers", "AdditionalParticleInfo"),  # G.C.5
    ):
        declared = file.list_of(f"NuHepMC.{ids}")
        assert declared
        for code in declared:
            assert run[f"NuHepMC.{info}[{code}].Name"]
            assert run[f"NuHepMC.{info}[{code}].Description"]
    for process in file.list_of("NuHepMC.ProcessIDs"):  # G.C.3
        assert any(name.startswith(f"NuHepMC.Citations.Process[{process}].") for name in run)


@pytest.mark.parametrize("kind", KINDS)
def test_rules_of_events(source: Path, tmp_path: Path, option: str) -> None:
    file = written(source, tmp_path, option=option)
    processes = {int(code) for code in file.list_of("NuHepMC.ProcessIDs")}
    numbers = [event.number for event in file.events]
    assert len(set(numbers)) == len(numbers)  # E.R.2
    assert min(numbers) >= 0
    for event in file.events:
        assert event.sizes == (len(event.vertices), len(event.particles))
        assert int(event.attributes[0, "signal_process_id"]) in processes  # E.R.3
        assert event.units == ("MEV", "MM")  # E.R.4
        assert len(event.attributes[0, "lab_pos"].split()) == 4  # E.R.5, E.C.5
        assert [vertex.status for vertex in event.vertices].count(1) == 1  # E.R.6
        assert len(event.weights) == 1
        assert math.isfinite(event.weights[0])
        check_graph(event)
        check_balance(event)


def check_graph(event: TextEvent) -> None:
    """V.R.1, V.C.1, E.R.7, P.R.1, P.C.1."""
    assert {vertex.status for vertex in event.vertices} <= {1, 21}
    beams, targets = event.of_status(4), event.of_status(20)
    assert (len(beams), len(targets)) == (1, 1)
    assert abs(beams[0].pdgid) in (12, 14, 16)
    assert targets[0].pdgid > 1_000_000_000 or targets[0].pdgid == 2212
    for particle in event.particles:
        end = event.end_vertex(particle)
        if particle.vertex == 0:
            assert particle.status in (4, 20)
        if end is None:
            assert particle.status == 1
        elif particle.vertex != 0:
            assert particle.status == 21
            assert particle.pdgid in (2212, 2112)
    for vertex in event.vertices:
        assert vertex.incoming
        assert any(particle.vertex == vertex.number for particle in event.particles)


def check_balance(event: TextEvent) -> None:
    """E.R.1: momentum over the event and at every vertex; masses on shell."""
    largest = max(particle.momentum[3] for particle in event.particles)
    for vertex in event.vertices:
        incoming = [particle for particle in event.particles if particle.number in vertex.incoming]
        out = [particle for particle in event.particles if particle.vertex == vertex.number]
        assert np.allclose(total(incoming), total(out), rtol=0.0, atol=1e-9 * largest)
    incoming, out = event.of_status(4) + event.of_status(20), event.of_status(1)
    assert np.allclose(total(incoming), total(out), rtol=0.0, atol=1e-9 * largest)
    for particle in event.particles:
        px, py, pz, energy, mass = particle.momentum
        assert abs(energy**2 - px**2 - py**2 - pz**2 - mass**2) <= 1e-12 * energy**2


def total(particles: list[Line]) -> NDArray[np.float64]:
    return np.asarray(np.sum([particle.momentum[:4] for particle in particles], axis=0))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_momenta_and_codes_are_those_of_the_columns(
    source: Path, events: tg.Events, tmp_path: Path, ending: str
) -> None:
    file = written(source, tmp_path, ending)
    assert [event.number for event in file.events] == events["event_id"].tolist()
    weights = np.array([event.weights[0] for event in file.events])
    assert np.allclose(weights, 1e36 * events["weight"], rtol=1e-15, atol=0.0)
    wanted, names = outgoing(events), codes(events)
    for n, event in enumerate(file.events):
        primary = next(vertex.number for vertex in event.vertices if vertex.status == 1)
        out = [particle for particle in event.particles if particle.vertex == primary]
        assert [particle.pdgid for particle in out] == names[n]
        momenta = np.array([particle.momentum[:4] for particle in out])[:, [3, 0, 1, 2]]
        assert np.allclose(momenta, 1e3 * wanted[n], rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_cross_section_and_its_shares(source: Path, events: tg.Events, tmp_path: Path) -> None:
    file = written(source, tmp_path)
    sigma = float(file.attributes["NuHepMC.FluxAveragedTotalCrossSection"])
    assert sigma == pytest.approx(1e36 * events.attributes["sigma"], rel=1e-15, abs=0.0)
    assert sum(event.weights[0] for event in file.events) == pytest.approx(sigma, rel=1e-12, abs=0.0)
    error = float(file.attributes["NuHepMC.FluxAveragedTotalCrossSectionUncertainty"])
    assert error == pytest.approx(1e36 * events.attributes["sigma_error"], rel=1e-15, abs=0.0)


@pytest.mark.parametrize("kind", ["antineutrino", "total"])
def test_nucleus_remnant_and_struck_nucleon(source: Path, events: tg.Events, tmp_path: Path) -> None:
    left = {  # what is left of C12 and Ar40 without a proton (regime 1) or a neutron (2)
        1000060120: {1: 1000050110, 2: 1000060110},
        1000180400: {1: 1000170390, 2: 1000180390},
    }[int(events.attributes["target_pdg"])]
    for regime, event in zip(events["regime"].tolist(), written(source, tmp_path).events, strict=True):
        if regime == 0:
            assert not event.of_status(21)
            continue
        (struck,) = event.of_status(21)
        (remnant,) = [p for p in event.of_status(1) if p.vertex == struck.vertex]
        (target,) = event.of_status(20)
        assert struck.pdgid == {1: 2212, 2: 2112}[regime]
        assert remnant.pdgid == left[regime]
        assert struck.momentum[3] == pytest.approx(target.momentum[3] - remnant.momentum[3], rel=1e-12)
        assert remnant.momentum[3] == remnant.momentum[4]


@pytest.mark.parametrize("kind", KINDS)
def test_pseudoparticle_names_the_nucleus(source: Path, tmp_path: Path) -> None:
    for event in written(source, tmp_path, option="pseudo").events:
        assert not [p for p in event.of_status(1) if 1_000_000_000 < p.pdgid < 2_000_000_000]
        for particle in event.of_status(1):
            named = event.attributes.get((particle.number, "remnant_particle_number"))
            assert (named is not None) == (particle.pdgid == 2009900000)
            assert named is None or 1_000_000_000 < int(named) < 2_000_000_000


@pytest.mark.parametrize("kind", TRIDENTS)
def test_omitted_nuclei(source: Path, tmp_path: Path) -> None:
    export_events(source, tmp_path / "o.hepmc3", recoil="omit")
    for event in read_text(tmp_path / "o.hepmc3").events:
        assert all(particle.pdgid < 1_000_000_000 for particle in event.of_status(1))
        assert event.sizes[1] == len(event.particles)


@pytest.mark.parametrize("kind", ["total", "cevns"])
def test_positions_and_times(events: tg.Events, tmp_path: Path) -> None:
    moved = placed(events)
    moved.to_hdf5(tmp_path / "moved.h5")
    file = written(tmp_path / "moved.h5", tmp_path)
    for n, event in enumerate(file.events):
        x, y, z, t = (float(word) for word in event.attributes[0, "lab_pos"].split())
        place = [10.0 * moved[name][n] for name in ("vertex_x", "vertex_y", "vertex_z")]  # cm to mm
        assert [x, y, z] == pytest.approx(place, rel=1e-15)
        assert t == pytest.approx(1e-9 * moved["time"][n], rel=1e-15, abs=0.0)  # ns to s
        for vertex in event.vertices:
            assert vertex.position[:3] == [x, y, z]
            assert vertex.position[3] == pytest.approx(moved["time"][n] * 1e-9 * 299792458.0 * 1e3, rel=1e-14)


@pytest.mark.parametrize("kind", ["cevns"])
def test_recoils_below_an_electronvolt_survive(events: tg.Events, tmp_path: Path) -> None:
    """p^2/(E + M) of what is read equals the recoil's energy, from 1 meV to 1 MeV."""
    kinetic = np.geomspace(1e-12, 1e-3, len(events))  # GeV
    masses = dict(
        zip(
            [int(code) for code in str(events.attributes["target_pdg"]).split(",")],
            [float(mass) for mass in str(events.attributes["target_mass_GeV"]).split(",")],
            strict=True,
        )
    )
    mass = np.array([masses[code] for code in events["isotope"].tolist()])
    momentum = np.sqrt(kinetic * (kinetic + 2.0 * mass))
    events["p4_recoil"][:] = np.column_stack([mass + kinetic, 0.6 * momentum, 0.0 * momentum, 0.8 * momentum])
    events["recoil_energy"][:] = 1e6 * kinetic
    events.to_hdf5(tmp_path / "slow.h5")
    for n, event in enumerate(written(tmp_path / "slow.h5", tmp_path).events):
        nucleus = event.particles[-1]
        px, py, pz, energy, m = nucleus.momentum
        assert (px * px + py * py + pz * pz) / (energy + m) == pytest.approx(1e3 * kinetic[n], rel=1e-13, abs=0.0)


def test_process_numbers_follow_the_convention(samples: Samples, tmp_path: Path) -> None:
    """E.C.1: from 700 on is anything else, x00-x49 charged and x50-x99 neutral currents; 150 is CEvNS."""
    found = {}
    for kind in KINDS:
        export_events(samples.path(kind), tmp_path / f"{kind}.hepmc3")
        found[kind] = [int(code) for code in read_text(tmp_path / f"{kind}.hepmc3").list_of("NuHepMC.ProcessIDs")]
    assert found["cevns"] == [150]
    assert found["dipole"] == [150, 151]
    assert all(700 <= code < 750 for code in found["total"] + found["antineutrino"])  # W alone
    assert all(750 <= code < 800 for code in found["coherent"] + found["hydrogen"])
    assert len(found["total"]) == 3
    assert len({code for kind in TRIDENTS for code in found[kind]}) == sum(len(found[kind]) for kind in TRIDENTS)


@pytest.mark.parametrize("kind", ["coherent"])
def test_card_and_title_survive_on_one_line(events: tg.Events, tmp_path: Path) -> None:
    card = 'title = "a\\b"\n[process]\nkind = "x"\r\n'
    events = tg.Events(events.columns, {**events.attributes, "card": card}, {}, events.schema)
    events.to_hdf5(tmp_path / "card.h5")
    file = written(tmp_path / "card.h5", tmp_path)
    assert file.attributes["NuHepMC.Provenance.Card"] == card.replace("\r", "")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_library_reads_the_same(source: Path, events: tg.Events, tmp_path: Path, ending: str) -> None:
    pyhepmc = pytest.importorskip("pyhepmc", reason="reading with the HepMC3 library needs pyhepmc")
    path = tmp_path / f"out{ending}"
    export_events(source, path)
    wanted, names = outgoing(events), codes(events)
    with pyhepmc.open(str(path)) as file:
        for n, event in enumerate(file):
            assert str(event.momentum_unit).endswith("MEV")
            assert str(event.length_unit).endswith("MM")
            assert event.weight("CV") == pytest.approx(1e36 * events["weight"][n], rel=1e-15, abs=0.0)
            primary = next(vertex for vertex in event.vertices if vertex.status == 1)
            out = list(primary.particles_out)
            assert [particle.pid for particle in out] == names[n]
            momenta = np.array([[p.momentum.e, p.momentum.px, p.momentum.py, p.momentum.pz] for p in out])
            assert np.allclose(momenta, 1e3 * wanted[n], rtol=1e-12, atol=0.0)
            run = event.run_info
        assert n + 1 == len(events)
    assert run.weight_names == ["CV"]
    assert float(str(run.attributes["NuHepMC.FluxAveragedTotalCrossSection"])) == pytest.approx(
        1e36 * events.attributes["sigma"], rel=1e-15, abs=0.0
    )
