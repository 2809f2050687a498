"""Keys of the table [model] that several processes share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from tridentgen.errors import InputError
from tridentgen.matter.particles import FLAVOURS
from tridentgen.processes.base import ProcessTable
from tridentgen.processes.couplings import coupling_or_strength
from tridentgen.processes.terms import VECTOR_CHARGES, FlavourMatrix, LightVector, PerFlavour, VectorCharges
from tridentgen.toml.tables import FINITE, POSITIVE, Convert, Table, key_in_front, one_of

T = TypeVar("T")


def part(table: Table, name: str, read: Callable[[Table], T | None]) -> T | None:
    """Read an optional table within ``[model]``."""
    part = table.table(name)
    return read(part) if part.present else None


def check_reaction(process: Table, card: ProcessTable, model: Any) -> None:
    """Make the reaction of a card; if that raises `InputError`, note the message at the key of [process] it names."""
    try:
        card.reaction(model)
    except InputError as error:
        key = key_in_front(str(error))[:1]
        place = ("process", *key) if key and hasattr(card, str(key[0])) else ("process",)
        process.document.refuse(place, str(error))


def made(table: Table, make: Callable[[], T]) -> T | None:
    """Return the result of `make`; if it raises `InputError`, note the message and return None."""
    try:
        return make()
    except InputError as error:
        message, model = str(error), table.document.data["model"]
        named = ("model", *key_in_front(message))
        assert isinstance(model, dict)
        if named[1:] and named[1] in model:
            table.document.complain(named, f"model.{message}")
        else:
            table.document.refuse(table.key, message)
        return None


def fields_of(table: Table, kind: type[T], **converters: Convert[Any]) -> T | None:
    """Return a dataclass whose fields are the keys of a table: finite numbers, but for those with a converter."""
    before = table.document.flaws
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        convert = converters.get(field.name, FINITE)
        if field.default is dataclasses.MISSING:
            values[field.name] = table.need(field.name, convert, None)
        else:
            values[field.name] = table.read(field.name, convert, field.default)
    return made(table, lambda: kind(**values)) if table.document.flaws == before else None


def matrix(table: Table, name: str) -> FlavourMatrix:
    """Read a matrix in flavour, a table within `table`."""
    return fields_of(table.table(name), FlavourMatrix) or FlavourMatrix()


def number_or_flavours(table: Table, name: str) -> float | PerFlavour:
    """Read a number for all flavours, or a table ``{e = ..., mu = ..., tau = ...}``."""
    if isinstance(table.data.get(name), dict):
        return fields_of(table.table(name), PerFlavour) or PerFlavour()
    return table.read(name, FINITE, 0.0)


def charge_radius(table: Table) -> PerFlavour | str | None:
    """Read <r^2> in cm^2 by flavour, or ``standard-model``."""
    if isinstance(table.data.get("charge_radius"), dict):
        return fields_of(table.table("charge_radius"), PerFlavour)
    return table.read("charge_radius", one_of(("standard-model",)), None)


def vector(table: Table) -> LightVector | None:
    """Read ``[model.vector]``: charges by name, or ``charges = {u, d, e, mu, tau}``."""
    before = table.document.flaws
    mass, coupling = table.need("mass_GeV", POSITIVE, 1.0), coupling_or_strength(table)
    charges: str | VectorCharges
    if isinstance(table.data.get("charges"), dict):
        part = table.table("charges")
        u, d = part.need("u", FINITE, 0.0), part.need("d", FINITE, 0.0)
        charges = VectorCharges(u, d, PerFlavour(**{name: part.read(name, FINITE, 0.0) for name in FLAVOURS}))
    else:
        charges = table.read("charges", one_of(VECTOR_CHARGES), "universal")
    if table.document.flaws != before:
        return None
    return made(table, lambda: LightVector(mass, **coupling, charges=charges))
