"""Les Houches event files (hep-ph/0109068, hep-ph/0609017): GeV, and weights in pb whose mean is the cross section."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from tridentgen.constants import ALPHA, LIGHT_MM_PER_NS
from tridentgen.events.particles import Group, Number, Particle, Place, needed
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.hepevt import relatives
from tridentgen.exchange.export.text import Bytes, Piece, floats, integers, rows
from tridentgen.exchange.export.writer import TextWriter

MEAN_IS_CROSS_SECTION = 4
"""IDWTUP: events come with weights in pb, positive, whose mean is the cross section."""

STATUS = {
    Place.BEAM: -1, Place.TARGET: -1, Place.STRUCK: 2, Place.REMNANT: 1, Place.OUT: 1, Place.UNSTABLE: 2,
    Place.DAUGHTER: 1,
}  # fmt: skip
UNKNOWN = -1.0
"""Scale and strong coupling of an event that has none."""


def first_target_mass_GeV(facts: RunFacts) -> float:
    """Return the mass of the first target nuclide: the energy of the second beam, which is at rest."""
    return float(str(needed(facts.attributes, "target_mass_GeV")).split(",")[0])


class LheWriter(TextWriter):
    """Writes ``.lhe``."""

    def header(self) -> bytes:
        """Return the ``<header>`` and ``<init>`` blocks."""
        facts = self.facts
        about = f"{facts.title}\n{facts.reaction}\nweights in pb; their mean is the cross section"
        about += f"\n{facts.part_in_words}" if facts.part is not None else ""
        about += f"\n{facts.exposure_in_words}" if facts.exposure_in_words else ""
        beam = (
            facts.beam_codes[0], facts.target_codes[0], facts.energy_max_GeV, first_target_mass_GeV(facts),
            0, 0, 0, 0, MEAN_IS_CROSS_SECTION, len(facts.processes),
        )  # fmt: skip
        lines = [
            '<LesHouchesEvents version="3.0">',
            "<header>",
            f"<tridentgen>\n{escape(about)}\n</tridentgen>",
            "</header>",
            "<init>",
            "{} {} {:.16e} {:.16e} {} {} {} {} {} {}".format(*beam),
            *(f"{p.sigma_pb:.16e} {p.error_pb:.16e} {1.0:.16e} {p.number}" for p in facts.processes),
            f"<generator name={quoteattr('tridentgen')} version={quoteattr(facts.version)}>"
            f"{escape(facts.title)}</generator>",
            "</init>",
        ]
        return ("\n".join(lines) + "\n").encode()

    def text(self, block: Block, group: Group) -> Bytes:
        """Return the events of a group, one row each."""
        weight = self.facts.events * block.weight_pb[group.rows]
        head: list[Piece] = [
            b"<event>\n%d " % len(group.particles), integers(group.process), b" ", floats(weight),
            b" %.16e %.16e %.16e\n" % (UNKNOWN, ALPHA, UNKNOWN),
        ]  # fmt: skip
        lines = [piece for particle in group.particles for piece in _line(particle, group)]
        return rows(len(weight), *head, *lines, b"</event>\n")

    def footer(self) -> bytes:
        """Return the last line."""
        return b"</LesHouchesEvents>\n"


def lifetime_mm(particle: Particle) -> Number:
    """Return VTIMUP: c times the proper time until the decay of a particle in mm, 0 if it does not decay."""
    return LIGHT_MM_PER_NS * particle.proper_ns


def _line(particle: Particle, group: Group) -> Iterator[Piece]:
    """Yield code, status, mothers, colours, momentum and mass, lifetime and spin of a particle."""
    mothers, _ = relatives(particle, group.particles)
    yield integers(particle.pdgid)
    yield b" %d %d %d 0 0" % (STATUS[particle.place], *mothers)
    e, px, py, pz = particle.p4
    for value in (px, py, pz, e, particle.mass_GeV, lifetime_mm(particle), particle.helicity):
        yield b" "
        yield floats(value)
    yield b"\n"
