"""Fluxes of facilities, from the tables in ``data/fluxes``.

Each is a compact form of a public table, made by ``benchmarks/facility_tables.py``: bins of constant flux, or points
with linear interpolation. Its head says what it is, its units, its source, and how sure the normalisation is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.kind import TEXT, FluxKind, FluxRequest
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.particles import NEUTRINOS

_TOTAL_UNITS = {
    "cm^-2 GeV^-1 POT^-1": "cm^-2 POT^-1",
    "cm^-2 GeV^-1 in 150 fb^-1": "cm^-2",
    "relative": "",
}
"""Units in the head of a table, and those of its integral."""

_BINS = "lower edges of bins"


@dataclass(frozen=True)
class FacilityTable:
    """The flux of a facility.

    Attributes
    ----------
    name : str
        As in ``flux.name`` of a card.
    facility, mode : str
        What it is the flux of.
    units : str
        Of the numbers in the table.
    source, reference : str
        Where the public table is, and what describes it.
    normalisation : str
        How sure the absolute scale is.
    made : str
        How the table was made of the public one.
    own_file : mapping
        Keys of [flux] with which a card of this flux reads a file that is given instead: those of the public table.
    beam : Source
        The flux of each neutrino.
    """

    name: str
    facility: str
    mode: str
    units: str
    source: str
    reference: str
    normalisation: str
    made: str
    own_file: Mapping[str, object]
    beam: Source


@cache
def facility_names() -> tuple[str, ...]:
    """Return the names of the tables there are, sorted."""
    folder = files("tridentgen").joinpath("data", "fluxes")
    return tuple(sorted(entry.name[:-4] for entry in folder.iterdir() if entry.name.endswith(".dat")))


@cache
def facility_table(name: str) -> FacilityTable:
    """Return the flux of a facility.

    Raises
    ------
    InputError
        For a name that is not known; the message begins with ``name``, suggests the nearest one and lists all.
    FileError
        If the installation lacks the table or it is damaged.
    """
    known = facility_names()
    if name not in known:
        raise InputError(f"name = {name!r} is no facility{nearest(name, known)}; there are {', '.join(known)}")
    text = files("tridentgen").joinpath("data", "fluxes", f"{name}.dat").read_text(encoding="utf-8")
    try:
        return _parsed(name, text)
    except (KeyError, ValueError) as error:
        raise FileError(f"the flux table '{name}' of tridentgen is damaged ({error}); reinstall the package") from error


def facility_flux(name: str, neutrino: str) -> TabulatedFlux:
    """Return the flux of one neutrino at a facility.

    Parameters
    ----------
    name
        As ``"dune-nd-fhc"``; ``tridentgen flux list`` names all.
    neutrino
        As ``"numu"``.

    Raises
    ------
    InputError
        For an unknown name, and for a neutrino that the table does not have.
    """
    flux = facility_table(name).beam.only(neutrino).components[0].flux
    assert isinstance(flux, TabulatedFlux), "all of them are tables"
    return flux


def own_file_keys(name: object) -> Mapping[str, object]:
    """Return the keys of [flux] with which a file is read in place of a facility's table; none for unknown names."""
    return facility_table(name).own_file if isinstance(name, str) and name in facility_names() else {}


def _parsed(name: str, text: str) -> FacilityTable:
    """Return the table in the text of a file; raise `KeyError` or `ValueError` for what it lacks."""
    lines = text.splitlines()
    head = dict(line[1:].strip().split(": ", 1) for line in lines if line.startswith("#") and ": " in line)
    rows = np.array([line.split() for line in lines if line and not line.startswith("#")], dtype=np.float64)
    what = f"{head['facility']}, {head['mode']}"
    units, binned = _TOTAL_UNITS[head["units"]], head["energies"].startswith(_BINS)
    made = []
    for neutrino, column in zip(NEUTRINOS, rows.T[1:], strict=True):
        if column.any():
            values = column[:-1] if binned else column
            said = f"{neutrino} of {name}: {what} ({head['units']}; {head['reference']})"
            flux = TabulatedFlux(rows[:, 0], values, "histogram" if binned else "linear", units, said)
            made.append(Component(neutrino, neutrino, flux))
    own = dict(part.split(" = ", 1) for part in head["own file"].split("; ")) if "own file" in head else {}
    return FacilityTable(
        name=name,
        **{key: head[key] for key in ("facility", "mode", "units", "source", "reference", "normalisation", "made")},
        own_file=MappingProxyType({key: _value(word) for key, word in own.items()}),
        beam=Source(tuple(made), f"{name}: {what} ({head['units']}; {head['reference']})"),
    )


def _value(word: str) -> object:
    """Return a whole number, a number or a text."""
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return word


def _build(request: FluxRequest) -> Source:
    return facility_table(str(request.options["name"])).beam


KIND = FluxKind(name="facility", keys={"name": TEXT}, required=("name",), build=_build, range_key="name")
