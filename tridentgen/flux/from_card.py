"""From the [flux] table of a run card to a flux."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import Flux, require
from tridentgen.flux.files import CHOICES, DEFAULT_COLUMNS, ENERGY, read_flux
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.muon_decay import MuonDecay
from tridentgen.flux.power_law import PowerLaw
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_table import require_file
from tridentgen.particles import neutrino as find_neutrino

Types = type | tuple[type, ...]
_NUMBER = (int, float)
_MUON_CHARGES = {"mu-": -1, "mu+": 1}

REQUIRED_FLUX_KEYS: Mapping[str, Mapping[str, Types]] = {
    "monochromatic": {"energy_GeV": _NUMBER},
    "power-law": {"index": _NUMBER, "energy_min_GeV": _NUMBER, "energy_max_GeV": _NUMBER},
    "histogram": {"edges_GeV": list, "values": list},
    "file": {"path": str},
    "muon-decay": {"muon_energy_GeV": _NUMBER, "muon": str, "distance_m": _NUMBER},
}
"""For each kind of flux the keys it needs on a card and the types of their values."""

_OPTIONAL: Mapping[str, Mapping[str, Types]] = {
    "monochromatic": {},
    "power-law": {},
    "histogram": {"per": str, "area": str},
    "file": {
        "format": str,
        "column": (int, str),
        "histogram": str,
        "area": str,
        "per": str,
        "energy_unit": str,
        "points": str,
        "pot": _NUMBER,
        "published_at": str,
    },
    "muon-decay": {"detector_radius_m": _NUMBER, "polarisation": _NUMBER, "off_axis_angle_deg": _NUMBER},
}
FLUX_KEYS: Mapping[str, Mapping[str, Types]] = {
    kind: {**needed, **_OPTIONAL[kind]} for kind, needed in REQUIRED_FLUX_KEYS.items()
}
"""For each kind of flux the keys it takes on a card and the types of their values."""

_TYPE_NAMES = {
    str: "a text in quotes",
    list: "a list of numbers",
    _NUMBER: "a number",
    (int, str): "a number or a name",
}


def build_flux(kind: str, options: Mapping[str, object], neutrino: str, base_dir: Path) -> Flux:
    """Return the flux a card describes.

    Parameters
    ----------
    kind
        One of `FLUX_KEYS`.
    options
        The other keys of the card's [flux] table.
    neutrino
        Name of the beam neutrino, as ``"numu"``.
    base_dir
        Folder of the card: relative paths start there.

    Raises
    ------
    InputError
        For an unknown or missing key, a value of the wrong type or out of range; names ``flux.<key>``.
    FileError
        For a flux file that is missing or unusable.
    """
    if kind not in FLUX_KEYS:
        raise InputError(
            f"flux.kind: unknown kind '{kind}'{nearest(kind, FLUX_KEYS)}; known are {', '.join(FLUX_KEYS)}"
        )
    find_neutrino(neutrino)
    _check_keys(kind, options)
    try:
        with np.errstate(over="raise", divide="raise"):
            return _BUILDERS[kind](options, neutrino, base_dir)
    except InputError as error:
        message = str(error)
        is_key = re.split(r"[ []", message, maxsplit=1)[0] in FLUX_KEYS[kind]
        raise InputError(f"flux.{message}" if is_key else f"flux: {message}") from error
    except ArithmeticError as error:
        raise InputError("flux: a number is too large or too small to work with") from error


def _check_keys(kind: str, options: Mapping[str, object]) -> None:
    """Raise `InputError` for keys that are unknown, missing or of the wrong type."""
    known = FLUX_KEYS[kind]
    for key, value in options.items():
        if key not in known:
            raise InputError(
                f"unknown key 'flux.{key}'{nearest(key, known)}; flux.kind = '{kind}' takes {', '.join(known)}"
            )
        if isinstance(value, bool) or not isinstance(value, known[key]):
            raise InputError(f"flux.{key} = {value!r} is not {_TYPE_NAMES[known[key]]}")
    for key, types in REQUIRED_FLUX_KEYS[kind].items():
        if key not in options:
            raise InputError(f"flux.{key} is missing: flux.kind = '{kind}' needs it, {_TYPE_NAMES[types]}")


def _monochromatic(options: Mapping[str, Any], _neutrino: str, _base_dir: Path) -> Flux:
    return Monochromatic(float(options["energy_GeV"]))


def _power_law(options: Mapping[str, Any], _neutrino: str, _base_dir: Path) -> Flux:
    low, high = float(options["energy_min_GeV"]), float(options["energy_max_GeV"])
    return PowerLaw(float(options["index"]), low, high)


def _histogram(options: Mapping[str, Any], neutrino: str, _base_dir: Path) -> Flux:
    """Bins written on the card; without an area only their shape counts."""
    edges, values = (_numbers(key, options[key]) for key in ("edges_GeV", "values"))
    per, area = options.get("per", "GeV"), options.get("area")
    for key, value, choices in (("per", per, ("GeV", "bin")), ("area", area, CHOICES["area"])):
        rule = f"is not known; use {' or '.join(repr(choice) for choice in choices)}"
        require(value is None or value in choices, key, value, rule)
    if len(values) != len(edges) - 1:
        raise InputError(f"values has {len(values)} entries, but {len(edges)} edges_GeV bound {len(edges) - 1} bins")
    for key, flaw in (("edges_GeV", energy_flaw(edges)), ("values", value_flaw(values))):
        if flaw is not None:
            raise InputError(f"{key}[{flaw[0]}]: {flaw[1]}")
    flux = TabulatedFlux(edges, values)
    scale = 1e-4 if area == "m2" else 1.0
    widths = np.diff(flux.energies_GeV) if per == "bin" else np.ones(len(values))
    units = "cm^-2 POT^-1" if area else ""
    description = f"{neutrino}, histogram of {len(values)} bins, {edges[0]:.6g} to {edges[-1]:.6g} GeV"
    return TabulatedFlux(flux.energies_GeV, flux.values * scale / widths, "histogram", units, description)


def _numbers(key: str, values: list[object]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a list of the card as an array; raise `InputError` for an entry that is no number."""
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, _NUMBER):
            raise InputError(f"{key} has {value!r} as entry {i}, which is not a number")
    return np.array(values, dtype=np.float64)


def _file(options: Mapping[str, Any], neutrino: str, base_dir: Path) -> Flux:
    path = base_dir / _home_expanded(options["path"])
    source = options.get("published_at")
    published = f"such files are published at {source}; " if source else ""
    require_file(path, f"{published}put one there or correct flux.path")
    passed = {key: options[key] for key in options if key not in ("path", "column", "published_at")}
    return read_flux(path, neutrino=neutrino, columns=_columns(options.get("column"), neutrino), **passed)


def _home_expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~name of a user who does not exist
        raise InputError(f"path = {path!r} starts in the home of an unknown user; write the whole path") from error


def _columns(column: int | str | None, neutrino: str) -> dict[str, int] | None:
    """Return the columns of `read_flux` for a number counted from 0 or the name of a neutrino."""
    if column is None:
        return None
    if isinstance(column, str):
        names = [name for name in DEFAULT_COLUMNS if name != ENERGY]
        cure = f"use a number counted from 0, or one of {', '.join(names)}"
        require(column in names, "column", column, f"is no neutrino{nearest(column, names)}; {cure}")
        return {neutrino: DEFAULT_COLUMNS[column]}
    require(
        column >= 1,
        "column",
        column,
        "must be 1 or more: columns count from 0, and column 0 holds the energy",
    )
    return {neutrino: column}


def _muon_decay(options: Mapping[str, Any], neutrino: str, _base_dir: Path) -> Flux:
    muon = options["muon"]
    require(muon in _MUON_CHARGES, "muon", muon, "must be 'mu-' or 'mu+'")
    angle = float(options.get("off_axis_angle_deg", 0.0))
    require(0.0 <= angle <= 180.0, "off_axis_angle_deg", angle, "must lie between 0 and 180")
    return MuonDecay(
        muon_energy_GeV=float(options["muon_energy_GeV"]),
        muon_charge=_MUON_CHARGES[muon],
        neutrino=neutrino,
        distance_m=float(options["distance_m"]),
        detector_radius_m=float(options.get("detector_radius_m", 0.0)),
        polarisation=float(options.get("polarisation", 0.0)),
        off_axis_angle_rad=math.radians(angle),
    )


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], str, Path], Flux]] = {
    "monochromatic": _monochromatic,
    "power-law": _power_law,
    "histogram": _histogram,
    "file": _file,
    "muon-decay": _muon_decay,
}
