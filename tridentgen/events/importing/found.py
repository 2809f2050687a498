"""From the particles of an event to the columns of this package, whoever made the event."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import KEV_PER_GEV
from tridentgen.errors import FileError, InputError
from tridentgen.events.columns import CEVNS_COLUMNS, COHERENT, NEUTRON, PROTON, TRIDENT_COLUMNS
from tridentgen.events.events import Events
from tridentgen.events.export.facts import HEAVY_LEPTON
from tridentgen.events.kinematics import angle, square
from tridentgen.particles import CHARGED_LEPTONS, NEUTRINOS

FloatArray = NDArray[np.float64]

_NUCLEONS = {2212: PROTON, 2112: NEUTRON}
_NEUTRINO_NAMES = {neutrino.pdgid: neutrino.name for neutrino in NEUTRINOS.values()}
_LEPTON_NAMES = {lepton.pdgid: lepton.name for lepton in CHARGED_LEPTONS.values()}


class Seen(NamedTuple):
    """A particle: code, (E, px, py, pz) and mass in GeV."""

    pdgid: int
    p4: tuple[float, float, float, float]
    mass_GeV: float


@dataclass(frozen=True)
class Found:
    """An event as it stands in a file: `struck` is the code of a nucleon inside the target, 0 for none."""

    number: int
    weight: float
    beam: Seen
    target: Seen
    struck: int
    final: tuple[Seen, ...]
    time_ns: float = 0.0


class _Roles(NamedTuple):
    """Who is who among the outgoing particles; no leptons in coherent scattering."""

    neutrino: Seen
    minus: Seen | None
    plus: Seen | None
    recoil: Seen


def events_of(found: Sequence[Found], path: Path, attributes: Mapping[str, Any], sigma_cm2: float | None) -> Events:
    """Return events as columns.

    Parameters
    ----------
    found : sequence of Found
    path : Path
        What messages call the file.
    attributes
        What is known of the run.
    sigma_cm2 : float or None
        Cross section per atom that the events stand for; their weights are scaled to it. Without it they stay.

    Raises
    ------
    FileError
        There are no events, or numbers that are not finite.
    InputError
        An event is neither a trident nor coherent scattering, or not of the kind of the first.
    """
    if not found:
        raise FileError(f"'{path}' holds no events; make it again")
    roles = [_roles(event, path) for event in found]
    tridents = roles[0].minus is not None
    for event, role in zip(found, roles, strict=True):
        if (role.minus is not None) != tridents:
            raise InputError(f"'{path}': event {event.number} is of another kind than the first; split the file")
    columns = _trident_columns(found, roles) if tridents else _cevns_columns(found, roles)
    about = _about_tridents(found, roles, path) if tridents else _about_cevns(found, roles)
    for name, values in columns.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values).reshape(len(values), -1).all(axis=1)))
            raise FileError(f"'{path}': '{name}' of event {found[row].number} is not finite; make the file again")
    total = float(np.sum(columns["weight"]))
    if sigma_cm2 is not None:
        if not total > 0.0:
            raise FileError(f"'{path}': the weights sum to {total:g}; make the file again")
        columns["weight"] = columns["weight"] * (sigma_cm2 / total)
        about |= {"sigma": sigma_cm2, "sigma_units": "cm2"}
    schema = tuple(c for c in (TRIDENT_COLUMNS if tridents else CEVNS_COLUMNS) if c.name in columns)
    rule = "weight = 1 each" if sigma_cm2 is None else "sum(weight) = flux-averaged cross section"
    about |= {"weight_rule": rule, "n_trials": len(found), "complete": 1}
    arrays = {column.name: np.asarray(columns[column.name], dtype=column.dtype) for column in schema}
    return Events(arrays, {**about, **attributes}, {}, schema)


def _roles(event: Found, path: Path) -> _Roles:
    """Tell the outgoing particles of an event apart."""
    neutrinos = [p for p in event.final if abs(p.pdgid) in (12, 14, 16, HEAVY_LEPTON)]
    minus = [p for p in event.final if p.pdgid in (11, 13, 15)]
    plus = [p for p in event.final if p.pdgid in (-11, -13, -15)]
    hadrons = [p for p in event.final if p.pdgid in _NUCLEONS or p.pdgid > 1_000_000_000]
    nucleons = [p for p in hadrons if p.pdgid in _NUCLEONS]
    known = len(neutrinos) + len(minus) + len(plus) + len(hadrons)
    pair = (len(minus), len(plus))
    if len(neutrinos) != 1 or pair not in ((0, 0), (1, 1)) or not hadrons or known != len(event.final):
        codes = ", ".join(str(p.pdgid) for p in event.final)
        raise InputError(
            f"'{path}': event {event.number} is neither a trident nor coherent scattering: it ends in {codes}"
        )
    struck = [p for p in nucleons if not event.struck or p.pdgid == event.struck]
    recoil = struck[0] if struck else hadrons[0]
    return _Roles(neutrinos[0], minus[0] if minus else None, plus[0] if plus else None, recoil)


def _array(particles: Sequence[Seen | None]) -> FloatArray:
    return np.array([particle.p4 for particle in particles if particle is not None], dtype=np.float64)


def _common_columns(found: Sequence[Found], roles: Sequence[_Roles]) -> dict[str, NDArray[Any]]:
    beam = _array([event.beam for event in found])
    return {
        "event_id": np.array([event.number for event in found], dtype=np.uint64),
        "weight": np.array([event.weight for event in found]),
        "e_nu": beam[:, 0],
        "p4_nu_in": beam,
        "p4_nu_out": _array([role.neutrino for role in roles]),
        "p4_recoil": _array([role.recoil for role in roles]),
    }


def _kinetic_GeV(roles: Sequence[_Roles], p4: FloatArray) -> FloatArray:
    """Return T = p^2/(E + M) of the recoil, from its momentum: E - M would lose the digits of small recoils."""
    mass = np.array([role.recoil.mass_GeV for role in roles])
    p2 = np.sum(p4[:, 1:] ** 2, axis=1)
    kinetic: FloatArray = p2 / (np.sqrt(p2 + mass**2) + mass)
    return kinetic


def _trident_columns(found: Sequence[Found], roles: Sequence[_Roles]) -> dict[str, NDArray[Any]]:
    columns = _common_columns(found, roles)
    minus, plus = _array([role.minus for role in roles]), _array([role.plus for role in roles])
    beam, kinetic = columns["p4_nu_in"], _kinetic_GeV(roles, columns["p4_recoil"])
    mass = np.array([role.recoil.mass_GeV for role in roles])
    return columns | {
        "regime": np.array([_NUCLEONS.get(role.recoil.pdgid, COHERENT) for role in roles]),
        "p4_minus": minus,
        "p4_plus": plus,
        "m2_ll": square(minus + plus),
        "delta_theta": angle(minus, plus),
        "theta_minus": angle(minus, beam),
        "theta_plus": angle(plus, beam),
        "q2": 2.0 * mass * kinetic,
        "w2": square(minus + plus + columns["p4_nu_out"]),
        "recoil_energy": kinetic,
    }


def _cevns_columns(found: Sequence[Found], roles: Sequence[_Roles]) -> dict[str, NDArray[Any]]:
    columns = _common_columns(found, roles)
    recoil = columns["p4_recoil"]
    return columns | {
        "channel": np.array([int(abs(role.neutrino.pdgid) == HEAVY_LEPTON) for role in roles]),
        "flavour": np.array([event.beam.pdgid for event in found]),
        "isotope": np.array([event.target.pdgid for event in found]),
        "recoil_energy": _kinetic_GeV(roles, recoil) * KEV_PER_GEV,
        "cos_theta": np.cos(angle(recoil, columns["p4_nu_in"])),
        "time": np.array([event.time_ns for event in found]),
    }


def _about_tridents(found: Sequence[Found], roles: Sequence[_Roles], path: Path) -> dict[str, Any]:
    kinds = {
        (event.beam.pdgid, event.target.pdgid, role.neutrino.pdgid, role.minus.pdgid, role.plus.pdgid)
        for event, role in zip(found, roles, strict=True)
        if role.minus is not None and role.plus is not None
    }
    if len(kinds) > 1:
        raise InputError(f"'{path}' holds {len(kinds)} kinds of tridents or targets; split the file")
    beam, target, out, minus, plus = kinds.pop()
    if beam not in _NEUTRINO_NAMES or out not in _NEUTRINO_NAMES:
        raise InputError(f"'{path}': particle {beam} comes in and {out} goes out; both should be neutrinos")
    names = _NEUTRINO_NAMES[beam], _LEPTON_NAMES[minus], _LEPTON_NAMES[plus], _NEUTRINO_NAMES[out]
    return {
        "process": "trident",
        "reaction": f"{names[0]} {target} -> {names[3]} {names[1]} {names[2]}",
        "neutrino": names[0],
        "lepton_minus": names[1],
        "lepton_plus": names[2],
        "neutrino_out": names[3],
        "target": str(target),
        "beam_pdg": beam,
        "neutrino_out_pdg": out,
        "target_pdg": target,
        "target_mass_GeV": found[0].target.mass_GeV,
    }


def _about_cevns(found: Sequence[Found], roles: Sequence[_Roles]) -> dict[str, Any]:
    masses = {event.target.pdgid: event.target.mass_GeV for event in found}
    beams = sorted({event.beam.pdgid for event in found})
    heavy = [role.neutrino.mass_GeV for role in roles if abs(role.neutrino.pdgid) == HEAVY_LEPTON]
    model = {"model": json.dumps({"dipole": {"mass_GeV": heavy[0]}})} if heavy else {}
    return model | {
        "process": "cevns",
        "reaction": "coherent scattering",
        "neutrino": ",".join(_NEUTRINO_NAMES.get(beam, str(beam)) for beam in beams),
        "target": ",".join(map(str, masses)),
        "channel_names": "elastic,heavy/upscattering",
        "beam_pdg": ",".join(map(str, beams)),
        "target_pdg": ",".join(map(str, masses)),
        "target_mass_GeV": ",".join(repr(mass) for mass in masses.values()),
    }
