"""NuHepMC 1.0.0 in the text format of HepMC3, ``.hepmc3`` or ``.hepmc3.gz``: MeV, mm, cross sections in pb per atom.

arXiv:2310.13211 and the specification of that version; labels such as G.R.4 are those of its rules. The text is
written here because HepMC3 itself writes only six decimals of the numbers in an attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

import numpy as np

from tridentgen._version import __version__
from tridentgen.constants import LIGHT_MM_PER_NS, MEV_PER_GEV
from tridentgen.errors import one_line
from tridentgen.events.columns import has_decays
from tridentgen.events.particles import PSEUDO_NUCLEUS, Group, Number, Particle, Place
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import Beam, RunFacts
from tridentgen.exchange.export.text import Bytes, Piece, floats, integers, rows
from tridentgen.exchange.export.writer import TextWriter
from tridentgen.matter.particles import DARK_MATTER, HEAVY_NEUTRAL_LEPTON

MM_PER_CM, S_PER_NS = 10.0, 1e-9
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

BEAM, TARGET, STRUCK, FINAL, DECAYED = 4, 20, 21, 1, 2
"""Status codes of particles: P.R.1 and P.C.1."""
PRIMARY, SEPARATION, DECAY = 1, 21, 22
"""Status codes of vertices: V.R.1 and V.C.1; 22 is one of those that a generator defines itself."""

_EXPOSURES = MappingProxyType({"pot": "POT", "livetime_s": "Livetime"})
"""Exposures that G.C.1 has names for: those of the events in the file, Livetime in s."""

_STATUS = {
    Place.BEAM: BEAM, Place.TARGET: TARGET, Place.STRUCK: STRUCK, Place.REMNANT: FINAL, Place.OUT: FINAL,
    Place.UNSTABLE: DECAYED, Place.DAUGHTER: FINAL,
}  # fmt: skip
_VERTEX_STATUS = {
    PRIMARY: ("Primary", "the interaction of the incoming particle"),
    SEPARATION: ("NucleonSeparation", "the struck nucleon is separated from the target nucleus"),
}
_PARTICLE_STATUS = {
    FINAL: ("Final", "undecayed physical particle that leaves the nucleus"),
    BEAM: ("Beam", "incoming neutrino or dark matter"),
    TARGET: ("Target", "target nucleus or free proton at rest"),
    STRUCK: ("StruckNucleon", "bound nucleon that was struck, at rest"),
}
_OF_DECAYS = {
    "vertices": {DECAY: ("Decay", "the heavy neutral lepton decays")},
    "particles": {DECAYED: ("Decayed", "physical particle that decays at the vertex where it ends")},
    "names": {
        22: ("gamma", "photon of the decay of N"),
        HEAVY_NEUTRAL_LEPTON: ("N", "heavy neutral lepton of the dipole portal; neutral, spin 1/2, decays here"),
        -HEAVY_NEUTRAL_LEPTON: ("Nbar", "its antiparticle, if it is a Dirac particle"),
    },
}
"""Entries of the tables below of a file in which a particle decays."""
_EXTRA_PARTICLES = {
    22: ("gamma", "photon; does not occur, the list must not be empty"),
    HEAVY_NEUTRAL_LEPTON: ("N", "heavy neutral lepton of the dipole portal; neutral, spin 1/2, stable here"),
    PSEUDO_NUCLEUS: ("NuclearRemnant", "stands for an outgoing nucleus; not to be simulated"),
}
_DARK_MATTER = {DARK_MATTER: ("chi", "dark matter of the halo; its mass is that of its momentum")}


class NuHepmcWriter(TextWriter):
    """Writes NuHepMC."""

    def header(self) -> bytes:
        """Return the run: weight names, tool, attributes."""
        lines = [
            "HepMC::Version 3.02.07",
            "HepMC::Asciiv3-START_EVENT_LISTING",
            "W CV",
            rf"T tridentgen\|{_escaped(self.facts.version)}\|neutrino tridents, CEvNS, nu-e, inverse beta decay, WIMPs",
        ]
        if self.facts.version != __version__:
            lines.append(rf"T tridentgen-convert\|{__version__}\|conversion of tridentgen's event files")
        lines += [f"A {name} {_escaped(text)}" for name, text in attributes(self.facts)]
        return ("\n".join(lines) + "\n").encode()

    def text(self, block: Block, group: Group) -> Bytes:
        """Return the events of a group, one row each."""
        number = group.whole(block.number)
        position = block.position
        x, y, z, t = (group.of(value) for value in position)
        separated = any(particle.place is Place.STRUCK for particle in group.particles)
        decays = any(particle.place is Place.DAUGHTER for particle in group.particles)
        placed = any(isinstance(value, np.ndarray) for value in position)
        at = _place((x, y, z, t)) if placed or decays else []
        weight = block.weight_pb if block.relative is None else block.relative
        head: list[Piece] = [
            b"E ", integers(number), b" %d %d\nU MEV MM\nW " % (1 + separated + decays, len(group.particles)),
            floats(weight[group.rows]), b"\nA 0 lab_pos ", floats(MM_PER_CM * x), b" ", floats(MM_PER_CM * y),
            b" ", floats(MM_PER_CM * z), b" ", floats(S_PER_NS * t), b"\nA 0 signal_process_id ",
            integers(group.process), b"\n",
        ]  # fmt: skip
        attributes_text = [
            piece
            for place, particle in enumerate(group.particles, 1)
            if particle.nucleus is not None
            for piece in (b"A %d remnant_particle_number " % place, integers(particle.nucleus), b"\n")
        ]
        return rows(len(number), *head, *attributes_text, *_graph(group.particles, at))

    def footer(self) -> bytes:
        """Return the last line."""
        return b"HepMC::Asciiv3-END_EVENT_LISTING\n\n"


def attributes(facts: RunFacts) -> list[tuple[str, str]]:
    """Return the attributes of a run as names and texts."""
    return [
        *_conventions(facts),
        *_tables(facts),
        *_citations(facts),
        *(pair for beam in facts.beams for pair in _beam(beam)),
        *_provenance(facts),
    ]


def _conventions(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield version, conventions followed, units and cross section: G.R.2, G.R.4, G.R.6, G.C.1, G.C.2."""
    for part, number in (("Major", 1), ("Minor", 0), ("Patch", 0)):
        yield f"NuHepMC.Version.{part}", str(number)
    labels = ["G.C.2", "G.C.3", "G.C.5", "E.C.1", "E.C.5", "V.C.1", "P.C.1"]
    stated = facts.exposure
    kind = None if stated is None or stated.equivalent is None else _EXPOSURES.get(stated.amount)
    labels += ["G.C.1"] * (kind is not None)
    labels += ["G.C.4"] * bool(facts.beams)
    labels += ["P.C.2"] * (facts.recoil == "pseudo")
    yield "NuHepMC.Conventions", " ".join(sorted(labels))
    yield "NuHepMC.Units.CrossSection.Unit", "pb"
    yield "NuHepMC.Units.CrossSection.TargetScale", "PerAtom"
    yield "NuHepMC.FluxAveragedTotalCrossSection", _number(facts.sigma_pb)
    if np.isfinite(facts.error_pb):
        yield "NuHepMC.FluxAveragedTotalCrossSectionUncertainty", _number(facts.error_pb)
    if stated is not None and stated.equivalent is not None and kind is not None:
        yield f"NuHepMC.Exposure.{kind}", _number(stated.equivalent)


def _tables(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield processes, status codes and codes of particles: G.R.8 to G.R.11, G.C.5."""
    processes = {process.number: (process.name, process.description) for process in facts.processes}
    decays = _OF_DECAYS if has_decays(facts.columns) else {"vertices": {}, "particles": {}, "names": {}}
    extra = _EXTRA_PARTICLES | decays["names"] | (_DARK_MATTER if DARK_MATTER in facts.beam_codes else {})
    for ids, info, table in (
        ("ProcessIDs", "ProcessInfo", processes),
        ("VertexStatusIDs", "VertexStatusInfo", _VERTEX_STATUS | decays["vertices"]),
        ("ParticleStatusIDs", "ParticleStatusInfo", _PARTICLE_STATUS | decays["particles"]),
    ):
        yield f"NuHepMC.{ids}", " ".join(map(str, table))
        for code, (name, description) in table.items():
            yield f"NuHepMC.{info}[{code}].Name", name
            yield f"NuHepMC.{info}[{code}].Description", description
    yield "NuHepMC.AdditionalParticleNumbers", " ".join(map(str, extra))
    for code, (name, description) in extra.items():
        # The specification and its reference reader differ on the name of this attribute.
        for stem in ("AdditionalParticleNumber", "AdditionalParticleInfo"):
            yield f"NuHepMC.{stem}[{code}].Name", name
            yield f"NuHepMC.{stem}[{code}].Description", description


def _citations(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield the references to cite for a process: G.C.3."""
    for process in facts.processes:
        for kind in dict.fromkeys(kind for kind, _ in process.cite):
            identifiers = " ".join(identifier for other, identifier in process.cite if other == kind)
            yield f"NuHepMC.Citations.Process[{process.number}].{kind}", identifiers


def _beam(beam: Beam) -> Iterator[tuple[str, str]]:
    """Yield the spectrum of a beam, G.C.4; as specified, and without the code for readers that expect it so."""
    kind = "Histogram" if beam.energy_MeV is None else "MonoEnergetic"
    for stem in (f"NuHepMC.Beam[{beam.pdgid}]", "NuHepMC.Beam"):
        yield f"{stem}.Type", kind
        yield f"{stem}.EnergyUnit", "MEV"
        yield f"{stem}.RateUnit", beam.unit
    stem = f"NuHepMC.Beam[{beam.pdgid}].{kind}"
    if beam.energy_MeV is not None:
        yield f"{stem}.Energy", _number(beam.energy_MeV)
        return
    yield f"{stem}.BinEdges", " ".join(map(_number, beam.edges_MeV))
    yield f"{stem}.BinContent", " ".join(map(_number, beam.contents))
    yield f"{stem}.ContentIsPerWidth", "0"


def _provenance(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """Yield the information to reproduce the events, G.S.1, and the normalisation of the weights."""
    yield "NuHepMC.Provenance.NEvents", str(facts.events)
    for name, key in (("Seed", "seed"), ("Card", "card"), ("Reaction", "reaction"), ("Flux", "flux")):
        if facts.attributes.get(key) not in (None, ""):
            yield f"NuHepMC.Provenance.{name}", str(facts.attributes[key])
    yield "tridentgen.WeightRule", facts.weight_rule
    if facts.part is not None:
        yield "tridentgen.PartOfRun", facts.part_in_words
    if facts.exposure_in_words:
        yield "tridentgen.Exposure", facts.exposure_in_words
    yield "tridentgen.Recoil", facts.recoil


def _graph(particles: tuple[Particle, ...], at: list[Piece]) -> Iterator[Piece]:
    """Yield particles, each after its production vertex."""
    places = {particle.place: place for place, particle in enumerate(particles, 1) if particle.place is not Place.OUT}
    separated = Place.STRUCK in places
    primary = 2 if separated else 1
    vertices = {
        Place.BEAM: 0, Place.TARGET: 0, Place.STRUCK: 1, Place.REMNANT: 1, Place.OUT: primary, Place.UNSTABLE: primary,
        Place.DAUGHTER: primary + 1,
    }  # fmt: skip
    began = 0
    for place, particle in enumerate(particles, 1):
        vertex = vertices[particle.place]
        if vertex > began:
            began = vertex
            into = b"%d" % places[Place.TARGET]
            if vertex == primary:
                into = b"%d,%d" % (places[Place.BEAM], places[Place.STRUCK if separated else Place.TARGET])
            status = PRIMARY if vertex == primary else SEPARATION
            if vertex > primary:
                into, status = b"%d" % places[Place.UNSTABLE], DECAY
            yield b"V -%d %d [%s]" % (vertex, status, into)
            yield from at if particle.origin is None else _place(particle.origin)
            yield b"\n"
        e, px, py, pz = particle.p4
        yield b"P %d %d " % (place, -vertex)
        yield integers(particle.pdgid)
        for value in (px, py, pz, e, particle.mass_GeV):
            yield b" "
            yield floats(MEV_PER_GEV * value)
        yield b" %d\n" % _STATUS[particle.place]


def _place(position: tuple[Number, Number, Number, Number]) -> list[Piece]:
    """Return a position in cm and ns as HepMC has it, in mm."""
    x, y, z, t = position
    values = (MM_PER_CM * x, MM_PER_CM * y, MM_PER_CM * z, LIGHT_MM_PER_NS * t)
    return [b" @", *(piece for value in values for piece in (b" ", floats(value)))]


def _number(value: float) -> str:
    return f"{float(value):.16e}"


def _escaped(text: str) -> str:
    """Return a text on one line, escaped as in HepMC3; control characters are written as escapes."""
    text = _CONTROL.sub(lambda found: one_line(found[0]), text)
    return text.replace("\\", "\\\\").replace("\r", "").replace("\n", "\\|")
