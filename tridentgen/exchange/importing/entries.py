"""From the particles of an event, as they stand in a file, to who comes in and what goes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tridentgen.errors import FileError
from tridentgen.exchange.importing.found import Found, Seen, require_possible
from tridentgen.exchange.importing.mass_shell import Printed, agrees, judged, unit_hint
from tridentgen.exchange.importing.notes import Notes
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE, NEUTRON_PDG, PROTON_PDG
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON, NEUTRINOS, PHOTON

FINAL, DECAYED = 1, 2
_INCOMING = (4, 0, 20, 3, -12, 12, 21, -21)
"""Status of what comes in, the surest first: HepMC; LArSoft and GENIE; NuHepMC's target; MARLEY; Pythia."""
_TARGET = (20, *(status for status in _INCOMING if status != 20))
_STRUCK = (11, 21)
"""Status of a nucleon inside the target: GENIE's, NuHepMC's."""
_NEUTRINOS = tuple(neutrino.pdgid for neutrino in NEUTRINOS.values())
_NUCLEONS = (NEUTRON_PDG, PROTON_PDG)
_BALANCE = 1e-5
"""Largest difference of a decayed particle's momentum to those of its daughters, relative to its energy."""
_CONTRADICT = "masses contradict energy and momentum"


class Entry(NamedTuple):
    """A particle in a file: momentum (E, px, py, pz) and mass in the unit of the file; `orphan` if nothing makes it."""

    status: int
    pdgid: int
    p4: tuple[float, float, float, float]
    mass: float
    orphan: bool = True


class Event(NamedTuple):
    """An event in a file; `unit_GeV` is the unit of its momenta."""

    number: int
    weight: float
    entries: tuple[Entry, ...]
    time_ns: float = 0.0
    unit_GeV: float = 1.0


def found_of(event: Event, path: Path, notes: Notes) -> Found:
    """Return an event in GeV with its beam and target.

    Raises
    ------
    FileError
        A number or a code cannot be, or a particle that comes in or goes out is off its mass shell. The target and
        nuclei that are, are a flaw of tridents and CEvNS alone.
    """
    require_possible(event.number, [entry.pdgid for entry in event.entries], path)
    beam, target, several = _beam_and_target(event.entries)
    struck = next((e.pdgid for e in event.entries if e.status in _STRUCK and e not in (beam, target)), 0)
    missing = [name for name, there in (("neutrino", beam or several), ("target", target)) if not there]
    flaws = [f"no incoming {' and no '.join(missing)}; neutrino and target are needed"] if missing else []
    flaws += ["several incoming neutrinos; one is needed"] if several else []
    seen = {}
    for entry in event.entries:
        if entry.status == FINAL or entry is beam or entry is target:
            seen[id(entry)], wrong = _seen(entry, event, notes)
            if wrong and entry is not target and entry.pdgid < FIRST_NUCLEUS_CODE:
                raise FileError(f"'{path}': event {event.number} has {wrong}")
            flaws += [wrong] if wrong else []
    final = [seen[id(entry)] for entry in event.entries if entry.status == FINAL]
    final, decay = _before_decay(final, [e for e in event.entries if is_decayed(e)], event, notes)
    return Found(
        number=event.number,
        weight=event.weight,
        beam=None if beam is None else seen[id(beam)],
        target=None if target is None else seen[id(target)],
        struck=struck,
        final=tuple(final),
        time_ns=event.time_ns,
        decay=decay,
        flaw=f"'{path}': event {event.number} has {flaws[0]}" if flaws else "",
    )


def is_decayed(entry: Entry) -> bool:
    """Return whether an entry is a heavy neutral lepton that decays."""
    return entry.status == DECAYED and abs(entry.pdgid) == HEAVY_NEUTRAL_LEPTON


def _before_decay(
    final: list[Seen], decayed: Sequence[Entry], event: Event, notes: Notes
) -> tuple[list[Seen], tuple[Seen, Seen] | None]:
    """Return the final particles with a heavy neutral lepton in place of the photon and neutrino that it decays to."""
    if len(decayed) != 1:
        return final, None
    parent = _seen(decayed[0], event, notes)[0]
    for photon in (particle for particle in final if particle.pdgid == PHOTON):
        for light in (particle for particle in final if particle.pdgid in _NEUTRINOS):
            off = [abs(sum(pair) - whole) for *pair, whole in zip(photon.p4, light.p4, parent.p4, strict=True)]
            if max(off) <= _BALANCE * parent.p4[0]:
                rest = [particle for particle in final if particle is not photon and particle is not light]
                return [parent, *rest], (photon, light)
    return final, None


def _seen(entry: Entry, event: Event, notes: Notes) -> tuple[Seen, str]:
    """Return a particle in GeV, with a mass that goes with its momentum; and what is wrong where there is none."""
    unit = event.unit_GeV
    energy, x, y, z = entry.p4
    p4, mass = (energy * unit, x * unit, y * unit, z * unit), entry.mass * unit
    if agrees(entry.pdgid, p4, mass):
        return Seen(entry.pdgid, p4, mass), ""
    printed = Printed.of((number for other in event.entries for number in other.p4), unit)
    found = judged(entry.pdgid, p4, mass, printed)
    if found.instead:
        notes.add(_CONTRADICT, f"particle {entry.pdgid} of event {event.number} has {found.instead}")
    if not found.refused:
        return Seen(entry.pdgid, p4, found.mass_GeV), ""
    invariant = math.sqrt(max(p4[0] ** 2 - sum(p * p for p in p4[1:]), 0.0))
    cure = (
        unit_hint(entry.pdgid, mass)
        or unit_hint(entry.pdgid, invariant)
        or "; the columns are px, py, pz, E, m in the unit of the file"
    )
    return Seen(entry.pdgid, p4, mass), f"particle {entry.pdgid} off its mass shell, {found.refused}{cure}"


def _beam_and_target(entries: Sequence[Entry]) -> tuple[Entry | None, Entry | None, bool]:
    """Return what comes in, and whether there are several neutrinos of which any may be the beam: then none is."""
    coming = [entry for entry in entries if entry.status != FINAL]
    neutrinos = _surest([entry for entry in coming if entry.pdgid in _NEUTRINOS], _INCOMING)
    several = len(neutrinos) > 1 and neutrinos[0].status in (4, 0)
    if several:
        neutrinos = []
    moving = [] if several else [e for e in coming if e.status in _INCOMING and e.orphan and _is_beam(e)]
    beam = next(iter(neutrinos or _surest(moving, _INCOMING)), None)
    rest = [entry for entry in coming if entry is not beam]
    nuclei = _surest(_targets(rest), _TARGET)
    other = [entry for entry in rest if entry.status in (20, 4, 0) and entry.pdgid not in _NEUTRINOS]
    target = next(iter(nuclei or _surest(other, _TARGET)), None)
    return beam, target, several


def _targets(entries: Sequence[Entry]) -> list[Entry]:
    """Return the nuclei and nucleons that may be the target: those struck inside another one only if nothing else is.

    A decayed one that something made is what is left of a target.
    """
    nuclear = [entry for entry in entries if _is_nuclear(entry)]
    whole = [e for e in nuclear if e.status not in _STRUCK and (e.status != DECAYED or e.orphan)]
    nuclei = [entry for entry in nuclear if entry.pdgid not in _NUCLEONS]
    return whole or [e for e in nuclear if e.status != _STRUCK[0]] or nuclei


def _surest(entries: Sequence[Entry], order: tuple[int, ...]) -> list[Entry]:
    """Return those of the status that says most, and of these those that nothing makes, if there are such."""
    ranks = [order.index(e.status) if e.status in order else len(order) + (e.status == DECAYED) for e in entries]
    first = [entry for entry, rank in zip(entries, ranks, strict=True) if rank == min(ranks)]
    return [entry for entry in first if entry.orphan] or first


def _is_beam(entry: Entry) -> bool:
    """Return whether a particle may be the beam: it moves, a nucleus or nucleon by more than it does in a target."""
    return any(entry.p4[1:]) and (not _is_nuclear(entry) or entry.p4[0] > 2.0 * entry.mass)


def _is_nuclear(entry: Entry) -> bool:
    return entry.pdgid in _NUCLEONS or FIRST_NUCLEUS_CODE < entry.pdgid < 2 * FIRST_NUCLEUS_CODE
