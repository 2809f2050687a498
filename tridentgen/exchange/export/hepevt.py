"""HEPEVT as LArSoft, SBN and edep-sim read it: a line ``event n``, then one line with 15 columns for each particle.

``status pdg mother mother daughter daughter px py pz E m x y z t``, in GeV, cm and ns, entries counted from 1. Only
particles of status 1 are simulated; incoming particles have status 0, particles inside the nucleus 11, and a nucleus
that is not to be simulated 15, as in GENIE; a particle that decays has status 2, and its daughters their own position.
The format has no weights.

larsoft
    TextFileGen: as above.
sbn
    HepMCFileGen: reads from the daughters of the last neutrino of the event whether the current was charged (0) or
    neutral (1), and the mode of the interaction in the numbering of ``simb::int_type_``.
edep-sim
    ``/generator/kinematics/hepevt/flavor marley``: takes the position of the last particle as that of the vertex and
    ignores comments, which here give the cross section.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tridentgen.errors import InputError, nearest
from tridentgen.events.particles import PSEUDO_NUCLEUS, Group, Number, Particle, Place
from tridentgen.events.weights import knows_sigma
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.text import Bytes, Piece, floats, integers, rows
from tridentgen.exchange.export.writer import TextWriter

FLAVOURS = ("larsoft", "sbn", "edep-sim")

_STATUS = {
    Place.BEAM: 0, Place.TARGET: 0, Place.STRUCK: 11, Place.REMNANT: 1, Place.OUT: 1, Place.UNSTABLE: 2,
    Place.DAUGHTER: 1,
}  # fmt: skip
_STATUS_PSEUDO = 15
_COHERENT, _COHERENT_ELASTIC, _DIFFRACTIVE = 3, 4, 11  # simb::int_type_
_REGIME_PLACE = 10  # of the regime in the number of a trident process


class HepevtWriter(TextWriter):
    """Writes HEPEVT in one of the `FLAVOURS`."""

    def __init__(self, path: Path, facts: RunFacts, *, flavour: str = "larsoft", force: bool = False) -> None:
        if flavour not in FLAVOURS:
            raise InputError(
                f"unknown flavour '{flavour}' of HEPEVT{nearest(flavour, FLAVOURS)}; known are {', '.join(FLAVOURS)}"
            )
        super().__init__(path, facts, force=force)
        self._flavour = flavour

    def header(self) -> bytes:
        """Return the comments of the flavour that allows them."""
        if self._flavour != "edep-sim":
            return b""
        facts = self.facts
        known = knows_sigma(facts.attributes)
        sigma = f"{facts.sigma_pb:.16e} +- {facts.error_pb:.3e} pb per atom" if known else "not known"
        lines = (
            f"# {facts.title}; {facts.events} events of tridentgen {facts.version}",
            f"# flux-averaged cross section {sigma}",
            f"# {facts.weight_rule}; weights are not in this file",
        )
        more = [f"# {words}" for words in (facts.part_in_words, facts.exposure_in_words) if words]
        return "".join(line.replace("\n", " ") + "\n" for line in (*lines, *more)).encode()

    def text(self, block: Block, group: Group) -> Bytes:
        """Return the events of a group, one row each."""
        number = group.whole(block.number)
        primary = _place([group.of(value) for value in block.position])
        lines: list[Piece] = [integers(number), b" %d\n" % len(group.particles)]
        for particle in group.particles:
            lines += [b"%d " % status(particle), integers(particle.pdgid), self._relatives(particle, group)]
            e, px, py, pz = particle.p4
            for value in (px, py, pz, e, particle.mass_GeV):
                lines += [b" ", floats(value)]
            lines += [*(primary if particle.origin is None else _place(particle.origin)), b"\n"]
        return rows(len(number), *lines)

    def _relatives(self, particle: Particle, group: Group) -> bytes:
        """Return first and last mother, and first and last daughter, of a particle."""
        mothers, daughters = relatives(particle, group.particles)
        if self._flavour == "sbn" and _is_neutrino(particle):
            daughters = _current_and_mode(group)
        return b" %d %d %d %d" % (*mothers, *daughters)


def _place(position: Sequence[Number]) -> list[Piece]:
    return [piece for value in position for piece in (b" ", floats(value))]


def status(particle: Particle) -> int:
    """Return the status of a particle in GENIE's numbering."""
    if np.ndim(particle.pdgid) == 0 and particle.pdgid == PSEUDO_NUCLEUS:
        return _STATUS_PSEUDO
    return _STATUS[particle.place]


def relatives(particle: Particle, particles: tuple[Particle, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return first and last mother, and first and last daughter, counted from 1; 0 for none."""
    places = {role: [n for n, other in enumerate(particles, 1) if other.place is role] for role in Place}
    struck = places[Place.STRUCK]
    hit = (struck or places[Place.TARGET])[0]
    first = sorted(places[Place.UNSTABLE] + places[Place.OUT])
    out, made = (first[0], first[-1]), places[Place.DAUGHTER]
    inside = struck + places[Place.REMNANT]
    if particle.place is Place.OUT:
        return (places[Place.BEAM][0], hit), (0, 0)
    if particle.place is Place.UNSTABLE:
        return (places[Place.BEAM][0], hit), (made[0], made[-1])
    if particle.place is Place.DAUGHTER:
        return (places[Place.UNSTABLE][0],) * 2, (0, 0)
    if particle.place in (Place.STRUCK, Place.REMNANT):
        target = places[Place.TARGET][0]
        return (target, target), out if particle.place is Place.STRUCK else (0, 0)
    if particle.place is Place.TARGET and inside:
        return (0, 0), (inside[0], inside[-1])
    return (0, 0), out


def _is_neutrino(particle: Particle) -> bool:
    return bool(np.all(np.isin(np.abs(particle.pdgid), (12, 14, 16))))


def _current_and_mode(group: Group) -> tuple[int, int]:
    """Return 0 for a charged and 1 for a neutral current, and the mode of the interaction."""
    number = int(np.ravel(group.process)[0])
    if number < 200:
        return 1, _COHERENT_ELASTIC
    neutral, place = divmod(number - 700, 50)
    return neutral, _DIFFRACTIVE if place // _REGIME_PLACE else _COHERENT
