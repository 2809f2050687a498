"""From the [flux] table of a run card to a neutrino source, or to the flux of one neutrino."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import Flux, require
from tridentgen.flux.card_keys import FLUX_KEYS, NUMBER, REQUIRED_FLUX_KEYS, check_keys
from tridentgen.flux.card_sources import BUILDERS as SOURCE_BUILDERS
from tridentgen.flux.files import CHOICES, DEFAULT_COLUMNS, ENERGY, neutrinos_in, read_flux
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.muon_decay import MUON_PRODUCTS, MuonDecay
from tridentgen.flux.power_law import PowerLaw
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_table import require_file
from tridentgen.matter.particles import neutrino as find_neutrino

__all__ = ["FLUX_KEYS", "REQUIRED_FLUX_KEYS", "build_flux", "build_source", "has_one_neutrino"]

_MUON_CHARGES = {"mu-": -1, "mu+": 1}
_NEED_A_NEUTRINO = ("monochromatic", "power-law", "histogram")


def has_one_neutrino(kind: str, options: Mapping[str, object]) -> bool:
    """Return whether a card's [flux] is of one kind of neutrino, which is that of its process."""
    return kind in _NEED_A_NEUTRINO or "column" in options or "histogram" in options


def build_flux(kind: str, options: Mapping[str, object], neutrino: str, base_dir: Path) -> Flux:
    """Return the flux of one neutrino that a card describes.

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
        For an unknown or missing key, a value of the wrong type or out of range (the message names ``flux.<key>``),
        and for a source that makes no such neutrino, or several spectra of it.
    FileError
        For a flux file that is missing or unusable.
    """
    components = build_source(kind, options, neutrino, base_dir).components
    if len(components) > 1:
        names = ", ".join(component.name for component in components)
        raise InputError(
            f"flux.kind = '{kind}' has several spectra of {neutrino} ({names}), and here one is needed; "
            "choose one with flux.components"
        )
    return components[0].flux


def build_source(kind: str, options: Mapping[str, object], neutrino: str | None, base_dir: Path) -> Source:
    """Return the source a card describes: all its neutrinos, or those named.

    Parameters
    ----------
    kind, options, base_dir
        As of `build_flux`.
    neutrino
        Name of the one kind of neutrino wanted, or None for all that the source makes.

    Raises
    ------
    InputError, FileError
        As `build_flux`, and where no neutrino is named but the kind of flux does not say which it is.
    """
    if neutrino is not None:
        find_neutrino(neutrino)
    check_keys(kind, options)
    if neutrino is None and kind in _NEED_A_NEUTRINO:
        raise InputError(
            f"process.neutrino is missing: flux.kind = '{kind}' does not say which neutrino it is; name one, as 'numu'"
        )
    try:
        with np.errstate(over="raise", divide="raise"):
            source = _BUILDERS[kind](options, neutrino, base_dir)
            return source if neutrino is None else source.only(neutrino)
    except InputError as error:
        message = str(error)
        is_key = re.split(r"[ []", message, maxsplit=1)[0].rstrip(":") in FLUX_KEYS[kind]
        raise InputError(f"flux.{message}" if is_key else f"flux: {message}") from error
    except ArithmeticError as error:
        raise InputError("flux: a number is too large or too small to work with") from error


def _single(
    build: Callable[[Mapping[str, Any], str], Flux],
) -> Callable[[Mapping[str, Any], str | None, Path], Source]:
    """Return the builder of the source of one neutrino from the builder of its flux."""

    def source(options: Mapping[str, Any], neutrino: str | None, _base_dir: Path) -> Source:
        assert neutrino is not None, "kinds without a neutrino of their own need one"
        return Source.of(build(options, neutrino), neutrino)

    return source


def _monochromatic(options: Mapping[str, Any], _neutrino: str) -> Flux:
    if "energy_MeV" not in options:
        return Monochromatic(float(options["energy_GeV"]))
    energy = float(options["energy_MeV"])
    require("energy_GeV" not in options, "energy_MeV", energy, "stands beside energy_GeV; give one of the two")
    require(math.isfinite(energy) and energy > 0.0, "energy_MeV", energy, "must be a positive energy in MeV")
    return Monochromatic(energy * 1e-3)


def _power_law(options: Mapping[str, Any], _neutrino: str) -> Flux:
    low, high = float(options["energy_min_GeV"]), float(options["energy_max_GeV"])
    return PowerLaw(float(options["index"]), low, high)


def _histogram(options: Mapping[str, Any], neutrino: str) -> Flux:
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
        if isinstance(value, bool) or not isinstance(value, NUMBER):
            raise InputError(f"{key} has {value!r} as entry {i}, which is not a number")
    return np.array(values, dtype=np.float64)


def _file(options: Mapping[str, Any], neutrino: str | None, base_dir: Path) -> Source:
    """Take the column of the neutrino named, or every one with flux."""
    path = base_dir / _home_expanded(options["path"])
    published = options.get("published_at")
    found = f"such files are published at {published}; " if published else ""
    require_file(path, f"{found}put one there or correct flux.path")
    passed = {key: options[key] for key in options if key not in ("path", "column", "published_at")}
    column = options.get("column")
    made = []
    for name in _neutrinos_of(path, options, neutrino):
        flux = read_flux(path, neutrino=name, columns=_columns(column, name), **passed)
        made.append(Component(name, name, flux))
    if len(made) == 1:
        return Source.of(made[0].flux, made[0].neutrino)
    return Source(tuple(made), f"{', '.join(c.neutrino for c in made)} from {path.name}")


def _neutrinos_of(path: Path, options: Mapping[str, Any], neutrino: str | None) -> tuple[str, ...]:
    """Return the neutrinos to read: the one named, the one whose column is named, or all with flux."""
    column = options.get("column")
    if neutrino is not None or isinstance(column, str):
        return (neutrino or str(column),)
    if column is not None:
        raise InputError(
            f"column = {column!r} is one column, and nothing says of which neutrino; name it in process.neutrino, or "
            "leave flux.column out to take every column"
        )
    return neutrinos_in(path, options.get("format", "auto"))


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


def _muon_decay(options: Mapping[str, Any], neutrino: str | None, _base_dir: Path) -> Source:
    """Take the neutrino named, or both that the muon makes."""
    muon = options["muon"]
    require(muon in _MUON_CHARGES, "muon", muon, "must be 'mu-' or 'mu+'")
    angle = float(options.get("off_axis_angle_deg", 0.0))
    require(0.0 <= angle <= 180.0, "off_axis_angle_deg", angle, "must lie between 0 and 180")
    charge = _MUON_CHARGES[muon]
    made = tuple(
        MuonDecay(
            muon_energy_GeV=float(options["muon_energy_GeV"]),
            muon_charge=charge,
            neutrino=name,
            distance_m=float(options["distance_m"]),
            detector_radius_m=float(options.get("detector_radius_m", 0.0)),
            polarisation=float(options.get("polarisation", 0.0)),
            off_axis_angle_rad=math.radians(angle),
        )
        for name in (MUON_PRODUCTS[charge] if neutrino is None else (neutrino,))
    )
    if len(made) == 1:
        return Source.of(made[0], made[0].neutrino)
    components = tuple(Component(flux.neutrino, flux.neutrino, flux) for flux in made)
    return Source(components, made[0].description.replace(made[0].neutrino, " and ".join(MUON_PRODUCTS[charge]), 1))


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], str | None, Path], Source]] = {
    "monochromatic": _single(_monochromatic),
    "power-law": _single(_power_law),
    "histogram": _single(_histogram),
    "file": _file,
    "muon-decay": _muon_decay,
    **SOURCE_BUILDERS,
}
