"""Trident candidates: events with a pair of particles identified, or misidentified, as charged leptons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.exchange.importing.found import Found, Seen, roles_of
from tridentgen.matter.particle_codes import is_visible, pdg_code
from tridentgen.matter.particles import CHARGED_LEPTONS, ChargedLepton
from tridentgen.processes.trident.columns import REGIME_NAMES

OTHER = len(REGIME_NAMES)
"""Code in the column ``regime`` of events that are not tridents."""

COLUMNS = ("event_id", "weight", "regime", "pairs", "p4_nu_in", "p4_minus", "p4_plus", "other_kinetic")
"""Columns of candidates: `pairs` is 1 for exactly one pair, otherwise 0 with all momenta zero."""

_Z = (0.0, 0.0, 1.0)


class Taken(NamedTuple):
    """Particles identified as a lepton: their codes, and the lepton."""

    codes: tuple[int, ...]
    lepton: ChargedLepton

    @classmethod
    def named(cls, option: str, names: Sequence[str], charge: int) -> Taken:
        """Return the particles named by an option.

        Raise `InputError` for an unknown particle, or if the first is not a lepton of this charge.
        """
        leptons = {lepton.pdgid: lepton for lepton in CHARGED_LEPTONS.values() if lepton.charge == charge}
        codes = []
        for name in names:
            try:
                codes.append(pdg_code(name))
            except InputError as error:
                raise InputError(f"{option} {' '.join(names)}: {error}") from error
        if codes[0] not in leptons:
            known = ", ".join(lepton.name for lepton in leptons.values())
            raise InputError(
                f"{option} {' '.join(names)}: begin with the lepton that the particles are taken for, one of {known}"
            )
        return cls(tuple(codes), leptons[codes[0]])

    def p4(self, particle: Seen) -> tuple[float, float, float, float]:
        """Return (E, px, py, pz) in GeV; a misidentified particle gets the energy of the lepton."""
        if particle.pdgid == self.lepton.pdgid:
            return particle.p4
        return (math.hypot(*particle.p4[1:], self.lepton.mass_GeV), *particle.p4[1:])


@dataclass(frozen=True)
class Candidates:
    """Particles identified as the negative and the positive lepton.

    Attributes
    ----------
    minus, plus : Taken
    direction : tuple of float or None
        Of the beam, where an event has no incoming particle; None where that is not known.
    """

    minus: Taken
    plus: Taken
    direction: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        twice = set(self.minus.codes) & set(self.plus.codes)
        if twice:
            raise InputError(f"particle {min(twice)} is in both --minus and --plus; take it for one of the leptons")
        if self.direction is None:
            return
        size = math.hypot(*self.direction)
        if not (math.isfinite(size) and size > 0.0):
            raise InputError(f"--beam-direction {self.direction}: give three finite numbers that are not all 0")

    def columns(self, found: Sequence[Found], path: Path, directed: str = "") -> dict[str, NDArray[Any]]:
        """Return the `COLUMNS` of events.

        Raise `InputError` where an event does not say from where its neutrino comes, and the cut `directed` asks for
        that; without such a cut it is z.
        """
        if directed and self.direction is None:
            lost = next((event for event in found if not _moves(event.beam)), None)
            if lost is not None:
                raise InputError(
                    f"'{path}': event {lost.number} has no incoming particle, or several, and {directed} needs the "
                    f"direction of the beam: give --beam-direction X Y Z, 0 0 1 for the z axis"
                )
        pairs = [self._pair(event) for event in found]
        none = (0.0, 0.0, 0.0, 0.0)
        return {
            "event_id": np.array([event.number for event in found], dtype=np.uint64),
            "weight": np.array([event.weight for event in found]),
            "regime": np.array([_regime(event) for event in found]),
            "pairs": np.array([0.0 if pair is None else 1.0 for pair in pairs]),
            "p4_nu_in": np.array([self._beam(event) for event in found]),
            "p4_minus": np.array([none if pair is None else self.minus.p4(pair[0]) for pair in pairs]),
            "p4_plus": np.array([none if pair is None else self.plus.p4(pair[1]) for pair in pairs]),
            "other_kinetic": np.array(
                [
                    0.0 if pair is None else other_kinetic_GeV(event, pair)
                    for event, pair in zip(found, pairs, strict=True)
                ]
            ),
        }

    def _pair(self, event: Found) -> tuple[Seen, Seen] | None:
        """Return the candidates of both signs if there is exactly one of each, otherwise None."""
        minus = [particle for particle in event.final if particle.pdgid in self.minus.codes]
        plus = [particle for particle in event.final if particle.pdgid in self.plus.codes]
        return (minus[0], plus[0]) if len(minus) == len(plus) == 1 else None

    def _beam(self, event: Found) -> tuple[float, float, float, float]:
        if event.beam is not None and _moves(event.beam):
            return event.beam.p4
        direction = self.direction or _Z
        return (math.hypot(*direction), *direction)


def _moves(beam: Seen | None) -> bool:
    return beam is not None and any(beam.p4[1:])


def other_kinetic_GeV(event: Found, pair: tuple[Seen | None, Seen | None]) -> float:
    """Return the largest kinetic energy of visible particles other than the pair, 0 if there are none."""
    rest = [p for p in event.final if is_visible(p.pdgid) and not any(p is taken for taken in pair)]
    return max((_kinetic_GeV(particle) for particle in rest), default=0.0)


def _kinetic_GeV(particle: Seen) -> float:
    """Return the kinetic energy |p|^2/(E + m), without the cancellation of E - m; NumPy is slow for single events."""
    size, mass = math.hypot(*particle.p4[1:]), particle.mass_GeV
    return size * size / (math.hypot(size, mass) + mass) if size else 0.0


def _regime(event: Found) -> int:
    roles = roles_of(event)
    return OTHER if roles is None or roles.minus is None else roles.regime
