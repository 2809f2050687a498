"""Numbers of a CEvNS process by the key that a card has for them, such as ``model.sin2_theta_w``."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

from tridentgen.errors import InputError, nearest
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.terms import ContactNgi, Nsi
from tridentgen.processes.terms import SM_CHARGE_RADII_CM2, LightVector, PerFlavour

_OF_PROCESS = ("neutron_radius_fm", "neutron_skin_fm", "proton_radius_fm")
_SCALES = ("coupling", "strength")


def value_of(reaction: Cevns, key: str) -> float | None:
    """Return the number under the key of a card, None for a radius that is not given.

    Raise `InputError` for an unknown key, one that is not a number, or the key of a table that the model does not have.
    """
    table, path = _split(key)
    if table == "process":
        radius = getattr(reaction, path[0])
        return _of_nuclide(radius, path, key) if len(path) > 1 or isinstance(radius, tuple) else radius
    inner: Any = reaction.model
    for name in path[:-1]:
        inner = _table(inner, name, key)
    return _number(inner, path[-1], key)


def with_value(reaction: Cevns, key: str, value: float) -> Cevns:
    """Return the process with another number under the key of a card.

    Missing tables of NSI, NGI and charge radii are zero at first; a table of a boson or a heavy lepton must be there.
    Raise `InputError` as `value_of`, and for a value out of range.
    """
    table, path = _split(key)
    if table == "model":
        return replace(reaction, sin2_theta_w=None, model=model_with(reaction.model, key, value))
    changed: Any = value
    if len(path) > 1:
        radii = getattr(reaction, path[0])
        _of_nuclide(radii, path, key)
        changed = tuple({**dict(radii), path[1]: value}.items())
    return replace(reaction, **{path[0]: changed})


def model_with(model: CevnsModel, key: str, value: float) -> CevnsModel:
    """Return the model with another number under a key ``model....``; raise `InputError` as `with_value`."""
    changed: CevnsModel = _changed(model, _split(key)[1], value, key)
    return changed


def _split(key: str) -> tuple[str, list[str]]:
    table, *path = key.split(".")
    if table == "model" and path:
        return table, path
    if table == "process" and 1 <= len(path) <= 2:
        if path[0] in _OF_PROCESS:
            return table, path
        raise InputError(
            f"{key} is not a number of CEvNS that can vary; in [process] these are {', '.join(_OF_PROCESS)}"
        )
    raise InputError(f"{key} is no key of CEvNS: write it as on a card, such as model.sin2_theta_w")


def _changed(part: Any, path: list[str], value: float, key: str) -> Any:
    name, *more = path
    if more:
        return replace(part, **{name: _changed(_table(part, name, key), more, value, key)})
    _number(part, name, key)
    if isinstance(part, LightVector) and name in _SCALES:
        scale: Any = {name: value}
        return LightVector(part.mass_GeV, **scale, charges=part.charges)
    return replace(part, **{name: value})


def _table(part: Any, name: str, key: str) -> Any:
    """Return the table `name` of a part of the model; where it may be absent, one of zeros."""
    _check_known(part, name, key)
    inner = getattr(part, name)
    if isinstance(part, CevnsModel):
        if name == "magnetic_moment" and not isinstance(inner, PerFlavour):
            return PerFlavour(inner, inner, inner)
        if name == "charge_radius" and isinstance(inner, str):
            return SM_CHARGE_RADII_CM2
        if inner is None and name in ("nsi", "ngi", "charge_radius"):
            return {"nsi": Nsi, "ngi": ContactNgi, "charge_radius": PerFlavour}[name]()
    if inner is None:
        raise InputError(f"{key} needs the table [model.{name}], which this process does not have")
    if isinstance(inner, (str, int, float)):
        raise InputError(f"{key} is not a number that can vary: {name} is not a table here")
    return inner


def _number(part: Any, name: str, key: str) -> float:
    if isinstance(part, LightVector) and name == "coupling":
        if part.strength < 0.0:
            raise InputError(f"{key} does not exist for a negative strength: vary model.vector.strength")
        return math.sqrt(part.strength)
    _check_known(part, name, key)
    value = getattr(part, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{key} is not a number that can vary")
    return float(value)


def _check_known(part: Any, name: str, key: str) -> None:
    known = [field.name for field in fields(part)] + (["coupling"] if isinstance(part, LightVector) else [])
    if name not in known:
        raise InputError(f"unknown key {key}{nearest(name, known)}")


def _of_nuclide(radius: Any, path: list[str], key: str) -> float:
    radii = dict(radius) if isinstance(radius, tuple) else {}
    if len(path) < 2 or path[1] not in radii:
        names = ", ".join(f"process.{path[0]}.{name}" for name in radii)
        raise InputError(f"{key} is not a number here; {f'use {names}' if names else f'use process.{path[0]}'}")
    return float(radii[path[1]])
