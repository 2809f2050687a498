"""HEPEVT, read by the rules of the programs that take it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import tridentgen as tg
from tests.exchange.export.samples import KINDS, codes, outgoing, placed
from tridentgen.errors import InputError
from tridentgen.exchange.export.convert import export_events


class Particle(NamedTuple):
    status: int
    pdgid: int
    relatives: list[int]
    p4: list[float]
    mass: float
    place: list[float]


def textfilegen(path: Path) -> dict[int, list[Particle]]:
    """Read as LArSoft does: a line with event and number, then that many lines; nothing else is allowed."""
    lines = path.read_text(encoding="ascii").split("\n")
    assert lines.pop() == ""
    found = {}
    while lines:
        event, count = (int(word) for word in lines.pop(0).split())
        found[event] = [_particle(lines.pop(0)) for _ in range(count)]
    return found


def _particle(line: str) -> Particle:
    words = line.split(" ")
    assert len(words) == 15
    px, py, pz, energy, mass, *place = (float(word) for word in words[6:])
    return Particle(int(words[0]), int(words[1]), [int(w) for w in words[2:6]], [energy, px, py, pz], mass, place)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flavour", ["larsoft", "sbn"])
def test_what_is_tracked(source: Path, events: tg.Events, tmp_path: Path, flavour: str) -> None:
    export_events(source, tmp_path / "o.hepevt", flavour=flavour)
    found = textfilegen(tmp_path / "o.hepevt")
    assert list(found) == events["event_id"].tolist()
    wanted, names = outgoing(events), codes(events)
    for n, particles in enumerate(found.values()):
        beam, target = (p for p in particles if p.status == 0)
        assert (beam.p4, beam.mass) == (events["p4_nu_in"][n].tolist(), 0.0)
        assert target.p4 == [target.mass, 0.0, 0.0, 0.0]
        tracked = [p for p in particles if p.status == 1]
        inside = [p for p in particles if p.status == 11]
        made = tracked[len(inside) :]  # the remnant comes first
        assert [p.pdgid for p in made] == names[n]
        assert np.array_equal([p.p4 for p in made], wanted[n])
        balance = np.sum([p.p4 for p in tracked], axis=0) - np.add(beam.p4, target.p4)
        assert np.max(np.abs(balance)) < 1e-12 * target.mass + 1e-12 * beam.p4[0]
        for p in particles:
            assert p.mass**2 == pytest.approx(p.p4[0] ** 2 - np.dot(p.p4[1:], p.p4[1:]), abs=1e-12 * p.p4[0] ** 2)


@pytest.mark.parametrize("kind", KINDS)
def test_relatives_point_at_each_other(source: Path, tmp_path: Path) -> None:
    export_events(source, tmp_path / "o.hepevt")
    for particles in textfilegen(tmp_path / "o.hepevt").values():
        for place, particle in enumerate(particles, 1):
            mothers, daughters = particle.relatives[:2], particle.relatives[2:]
            assert all(0 <= n <= len(particles) for n in particle.relatives)
            assert (mothers == [0, 0]) == (particle.status == 0)
            for daughter in range(daughters[0], daughters[1] + 1) if daughters[0] else ():
                assert place in particles[daughter - 1].relatives[:2]
            assert (daughters != [0, 0]) == (particle.status != 1)


@pytest.mark.parametrize(("kind", "current"), [("coherent", 1), ("hydrogen", 1), ("total", 0), ("cevns", 1)])
def test_neutrinos_of_sbn_carry_current_and_mode(source: Path, events: tg.Events, tmp_path: Path, current: int) -> None:
    """HepMCFileGen asks every electron or muon neutrino, so the last one must know it too."""
    export_events(source, tmp_path / "o.hepevt", flavour="sbn")
    for n, particles in enumerate(textfilegen(tmp_path / "o.hepevt").values()):
        mode = 4 if "regime" not in events.columns else (3 if events["regime"][n] == 0 else 11)
        neutrinos = [p for p in particles if abs(p.pdgid) in (12, 14, 16)]
        assert len(neutrinos) == 2
        assert all(p.relatives[2:] == [current, mode] for p in neutrinos)


@pytest.mark.parametrize("kind", KINDS)
def test_edep_sim(source: Path, tmp_path: Path) -> None:
    """Flavour marley of edep-sim: comments begin with #, a header has two words, a particle 15."""
    export_events(source, tmp_path / "plain.hepevt")
    export_events(source, tmp_path / "o.hepevt", flavour="edep-sim")
    lines = (tmp_path / "o.hepevt").read_text(encoding="ascii").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert "cross section" in comments[1]
    rest = [line for line in lines if line.partition("#")[0].split()]
    assert "\n".join(rest) + "\n" == (tmp_path / "plain.hepevt").read_text(encoding="ascii")
    assert {len(line.split()) for line in rest} == {2, 15}


@pytest.mark.parametrize("kind", ["total", "cevns"])
def test_places_are_in_cm_and_ns(events: tg.Events, tmp_path: Path) -> None:
    moved = placed(events)
    moved.to_hdf5(tmp_path / "m.h5")
    export_events(tmp_path / "m.h5", tmp_path / "o.hepevt")
    for n, particles in enumerate(textfilegen(tmp_path / "o.hepevt").values()):
        where = [moved[name][n] for name in ("vertex_x", "vertex_y", "vertex_z", "time")]
        assert all(p.place == where for p in particles)


@pytest.mark.parametrize("kind", KINDS)
def test_pseudoparticles_are_not_tracked(source: Path, tmp_path: Path) -> None:
    export_events(source, tmp_path / "o.hepevt", recoil="pseudo")
    for particles in textfilegen(tmp_path / "o.hepevt").values():
        assert all(p.pdgid < 1_000_000_000 for p in particles if p.status == 1)
        assert all(p.pdgid == 2009900000 for p in particles if p.status == 15)


@pytest.mark.parametrize("kind", ["coherent"])
def test_unknown_flavour(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^unknown flavour 'larsof' of HEPEVT, did you mean 'larsoft'"):
        export_events(source, tmp_path / "o.hepevt", flavour="larsof")
    with pytest.raises(InputError, match=r"goes with \.hepevt only"):
        export_events(source, tmp_path / "o.lhe", flavour="sbn")
    assert list(tmp_path.iterdir()) == []
