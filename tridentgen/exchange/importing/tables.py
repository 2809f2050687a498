"""Conversion of events of other generators to the columns of this package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import KEV_PER_GEV, MEV_PER_GEV
from tridentgen.errors import FileError, InputError
from tridentgen.events.events import Events
from tridentgen.events.kinematics import angle, kinetic, neutrino_q2, square
from tridentgen.events.weights import UNKNOWN_SIGMA, weight_rule
from tridentgen.exchange.importing.found import Found, Reader, Roles, Seen, batched, roles_of
from tridentgen.exchange.importing.notes import Notes
from tridentgen.matter.particles import CHARGED_LEPTONS, HEAVY_NEUTRAL_LEPTON, NEUTRINOS
from tridentgen.processes.base import ReactionKind
from tridentgen.processes.kinds import CEVNS, TRIDENT
from tridentgen.typing import FloatArray

_NEUTRINO_NAMES = {neutrino.pdgid: neutrino.name for neutrino in NEUTRINOS.values()}
_LEPTON_NAMES = {lepton.pdgid: lepton.name for lepton in CHARGED_LEPTONS.values()}

_CHANNELS = "elastic,heavy/upscattering"
_MORE_CHANNELS = ",".join(["elastic", *(f"heavy/nucleus/upscattering{on}" for on in ("", "-proton", "-neutron"))])

_NO_RECOIL = "outgoing nuclei are not in the file"
_CANCELS = 1e-12
"""Sum of weights, relative to the sum of their absolute values, that is zero within rounding."""


class NoTridentError(InputError):
    """Events are neither tridents nor CEvNS, or some are one and some the other."""


class Block(NamedTuple):
    """Events of one kind, the roles of their particles, and their columns."""

    found: tuple[Found, ...]
    roles: tuple[Roles, ...]
    columns: dict[str, NDArray[Any]]

    @property
    def kind(self) -> ReactionKind:
        """Kind of the events: tridents or CEvNS."""
        return TRIDENT if self.roles[0].minus is not None else CEVNS


def events_of(reader: Reader) -> Events:
    """Return the events of a file as columns; weights are scaled to its cross section, or unchanged if it has none.

    Raises
    ------
    FileError
        There are no events, they lack incoming particles, or hold numbers that are not finite.
    InputError
        An event is neither a trident nor a CEvNS event, or is of a different kind than the first.
    """
    path, pieces, kinds = reader.path, [], _Kinds()
    for block in blocks(reader.events(), path, reader.notes):
        pieces.append(block.columns)
        kinds.add(block)
    if not pieces:
        raise FileError(f"'{path}' holds no events; make it again")
    shared = [name for name in pieces[0] if all(name in piece for piece in pieces)]
    columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in shared}
    about, sigma_cm2 = kinds.attributes(path), reader.sigma_cm2
    total = float(np.sum(columns["weight"]))
    require_positive(total, float(np.sum(np.abs(columns["weight"]))), path)
    if sigma_cm2 is not None:
        columns["weight"] = columns["weight"] * (sigma_cm2 / total)
        about |= {"sigma": sigma_cm2, "sigma_units": "cm2"}
    schema = tuple(c for c in kinds.kind.columns(about) if c.name in columns)
    if lines := reader.notes.lines(path):
        about["notes"] = "\n".join(lines)
    rule = UNKNOWN_SIGMA if sigma_cm2 is None else weight_rule(1, 1)
    about |= {"weight_rule": rule, "n_trials": len(columns["weight"]), "complete": 1}
    arrays = {column.name: np.asarray(columns[column.name], dtype=column.dtype) for column in schema}
    return Events(arrays, {**about, **reader.attributes}, {}, schema)


def blocks(events: Iterable[Found], path: Path, notes: Notes) -> Iterator[Block]:
    """Return tridents or CEvNS as columns, block by block; raise as `events_of` does.

    What is reconstructed goes to `notes`.
    """
    tridents: bool | None = None
    for found in batched(events):
        roles = []
        for event in found:
            if event.flaw:
                raise FileError(event.flaw)
            role = roles_of(event)
            if role is None:
                codes = ", ".join(str(p.pdgid) for p in event.final)
                raise NoTridentError(
                    f"'{path}': event {event.number} is neither a trident nor a CEvNS event: its final state is {codes}"
                )
            if tridents not in (None, role.minus is not None):
                raise NoTridentError(
                    f"'{path}': event {event.number} is of another kind than the first; split the file"
                )
            tridents = role.minus is not None
            if role.reconstructed:
                notes.add(
                    _NO_RECOIL, f"the nucleus of event {event.number} is reconstructed from momentum conservation"
                )
            roles.append(role)
        with np.errstate(all="ignore"):  # values that are not finite are reported below
            columns = _trident_columns(found, roles) if tridents else _cevns_columns(found, roles)
        require_finite(columns, found, path)
        yield Block(found, tuple(roles), columns)


def require_finite(columns: Mapping[str, NDArray[Any]], found: Sequence[Found], path: Path) -> None:
    """Raise `FileError`, which names the column and the event, if a number is not finite."""
    for name, values in columns.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
            raise FileError(f"'{path}': '{name}' of event {found[row].number} is not finite; make the file again")


def require_positive(total: float, size: float, path: Path) -> None:
    """Raise `FileError` where weights sum to zero or less, compared with `size`, the sum of their absolute values."""
    if not total > _CANCELS * size:
        raise FileError(
            f"'{path}': the weights sum to {total:.3g}, so efficiencies are undefined; choose another with "
            "--weight NAME if there are several, or make the file again"
        )


class _Kinds:
    """The kinds of events in a file, with an example of each."""

    def __init__(self) -> None:
        self._examples: dict[tuple[int, ...], tuple[Found, Roles]] = {}

    def add(self, block: Block) -> None:
        for event, roles in zip(block.found, block.roles, strict=True):
            parts = (event.beam, event.target, roles.neutrino, roles.minus, roles.plus)
            codes = [part.pdgid for part in parts if part is not None]
            if roles.minus is None:
                codes += [_cevns_channel(roles), 0 if event.decay is None else event.decay[1].pdgid]
            self._examples.setdefault(tuple(codes), (event, roles))

    @property
    def kind(self) -> ReactionKind:
        return TRIDENT if next(iter(self._examples.values()))[1].minus is not None else CEVNS

    def attributes(self, path: Path) -> dict[str, Any]:
        """Return the root attributes of a file of these events; raise `InputError` for several kinds of tridents."""
        found = [event for event, _ in self._examples.values()]
        roles = [role for _, role in self._examples.values()]
        if self.kind is CEVNS:
            return _about_cevns(found, roles)
        if len(found) > 1:
            raise InputError(f"'{path}' holds {len(found)} kinds of tridents or targets; split the file")
        return _about_tridents(found[0], roles[0], path)


def _momenta(particles: Iterable[Seen | None]) -> FloatArray:
    return np.array([particle.p4 for particle in particles if particle is not None], dtype=np.float64)


def _common_columns(found: Sequence[Found], roles: Sequence[Roles]) -> dict[str, NDArray[Any]]:
    beam = _momenta([event.beam for event in found])
    return {
        "event_id": np.array([event.number for event in found], dtype=np.uint64),
        "weight": np.array([event.weight for event in found]),
        "e_nu": beam[:, 0],
        "p4_nu_in": beam,
        "p4_nu_out": _momenta([role.neutrino for role in roles]),
        "p4_recoil": _momenta([role.recoil for role in roles]),
    }


def _trident_columns(found: Sequence[Found], roles: Sequence[Roles]) -> dict[str, NDArray[Any]]:
    columns = _common_columns(found, roles)
    minus, plus = _momenta([role.minus for role in roles]), _momenta([role.plus for role in roles])
    beam, mass = columns["p4_nu_in"], np.array([role.recoil.mass_GeV for role in roles])
    recoil_energy = kinetic(columns["p4_recoil"], mass)
    return columns | {
        "regime": np.array([role.regime for role in roles]),
        "p4_minus": minus,
        "p4_plus": plus,
        "m2_ll": square(minus + plus),
        "delta_theta": angle(minus, plus),
        "theta_minus": angle(minus, beam),
        "theta_plus": angle(plus, beam),
        "q2": 2.0 * mass * recoil_energy,
        "w2": square(minus + plus + columns["p4_nu_out"]),
        "q2_nu": neutrino_q2(beam, columns["p4_nu_out"]),
        "recoil_energy": recoil_energy,
    }


def _cevns_columns(found: Sequence[Found], roles: Sequence[Roles]) -> dict[str, NDArray[Any]]:
    columns = _common_columns(found, roles)
    recoil = columns["p4_recoil"]
    return columns | {
        "channel": np.array([_cevns_channel(role) for role in roles]),
        "flavour": np.array([event.beam.pdgid for event in found if event.beam is not None]),
        "isotope": np.array([event.target.pdgid for event in found if event.target is not None]),
        "recoil_energy": kinetic(recoil, np.array([role.recoil.mass_GeV for role in roles])) * KEV_PER_GEV,
        "cos_theta": np.cos(angle(recoil, columns["p4_nu_in"])),
        "time": np.array([event.time_ns for event in found]),
        **_decay_columns(found, columns["p4_nu_in"]),
    }


def _cevns_channel(role: Roles) -> int:
    """Return the place in `_CHANNELS` or `_MORE_CHANNELS`."""
    heavy = abs(role.neutrino.pdgid) == HEAVY_NEUTRAL_LEPTON
    return 1 + role.regime if heavy else 0


def _decay_columns(found: Sequence[Found], beam: FloatArray) -> dict[str, NDArray[Any]]:
    """Return the columns of decays that follow from the particles; none unless a particle decays in all events."""
    pairs = [event.decay for event in found if event.decay is not None]
    if len(pairs) != len(found):
        return {}
    photon, light = (_momenta([pair[which] for pair in pairs]) for which in (0, 1))
    return {
        "decay_flavour": np.array([pair[1].pdgid for pair in pairs]),
        "photon_energy": photon[:, 0] * MEV_PER_GEV,
        "theta_photon": angle(photon, beam),
        "p4_photon": photon,
        "p4_nu_decay": light,
    }


def _about_tridents(event: Found, roles: Roles, path: Path) -> dict[str, Any]:
    assert event.beam is not None
    assert event.target is not None
    assert roles.minus is not None
    assert roles.plus is not None
    beam, target, out = event.beam.pdgid, event.target.pdgid, roles.neutrino.pdgid
    minus, plus = roles.minus.pdgid, roles.plus.pdgid
    if beam not in _NEUTRINO_NAMES or out not in _NEUTRINO_NAMES:
        raise InputError(f"'{path}': incoming particle {beam} and outgoing particle {out} must both be neutrinos")
    names = _NEUTRINO_NAMES[beam], _LEPTON_NAMES[minus], _LEPTON_NAMES[plus], _NEUTRINO_NAMES[out]
    return {
        "process": TRIDENT.name,
        "reaction": f"{names[0]} {target} -> {names[3]} {names[1]} {names[2]}",
        "neutrino": names[0],
        "lepton_minus": names[1],
        "lepton_plus": names[2],
        "neutrino_out": names[3],
        "target": str(target),
        "beam_pdg": beam,
        "neutrino_out_pdg": out,
        "target_pdg": target,
        "target_mass_GeV": event.target.mass_GeV,
    }


def _about_cevns(found: Sequence[Found], roles: Sequence[Roles]) -> dict[str, Any]:
    masses = {event.target.pdgid: event.target.mass_GeV for event in found if event.target is not None}
    beams = sorted({event.beam.pdgid for event in found if event.beam is not None})
    heavy = [role.neutrino.mass_GeV for role in roles if abs(role.neutrino.pdgid) == HEAVY_NEUTRAL_LEPTON]
    model = {"model": json.dumps({"dipole": {"mass_GeV": heavy[0]}})} if heavy else {}
    decays = [(event.beam, event.decay[1]) for event in found if event.decay is not None and event.beam is not None]
    if decays:
        kept = all(beam.pdgid * light.pdgid > 0 for beam, light in decays)
        model |= {"decay": "dirac" if kept else "majorana"}
    nucleons = any(_cevns_channel(role) > 1 for role in roles)
    return model | {
        "process": CEVNS.name,
        "reaction": "coherent scattering",
        "neutrino": ",".join(_NEUTRINO_NAMES.get(beam, str(beam)) for beam in beams),
        "target": ",".join(map(str, masses)),
        "channel_names": _MORE_CHANNELS if decays or nucleons else _CHANNELS,
        "beam_pdg": ",".join(map(str, beams)),
        "target_pdg": ",".join(map(str, masses)),
        "target_mass_GeV": ",".join(repr(mass) for mass in masses.values()),
    }
