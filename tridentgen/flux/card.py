"""The [flux] table of a run card: its keys and values, checked as far as the card alone allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tridentgen.errors import InputError
from tridentgen.flux.facility import KIND as FACILITY
from tridentgen.flux.facility import own_file_keys
from tridentgen.flux.kind import FluxKind
from tridentgen.flux.kinds import KINDS
from tridentgen.flux.source import DARK_MATTER
from tridentgen.toml.tables import Document, Table, key_in_front, one_of


@dataclass(frozen=True)
class FluxCard:
    """The table ``[flux]``: the source of the neutrinos, or the halo.

    Attributes
    ----------
    kind : str
        Name of the kind of flux.
    options : mapping
        The keys of this kind, read-only.
    range_key : str
        The key that sets the range of the flux.
    """

    kind: str
    options: Mapping[str, object]
    range_key: str = "kind"


def fit_flux_overrides(document: Document, kinds: Mapping[str, FluxKind] = KINDS) -> None:
    """Make the [flux] table fit its overrides.

    A new kind drops the card's keys that belong to other kinds only. A path in place of a facility's table makes it a
    flux of kind file, with the keys that go with the facility's public table. A relative path on the command line
    refers to the working directory, as everywhere in a shell, and not to the card's folder.
    """
    flux = document.data.get("flux")
    if not isinstance(flux, dict):
        return
    kind = flux.get("kind")
    if document.overridden(("flux", "kind")) and isinstance(kind, str) and kind in kinds:
        others = {name for other in kinds.values() for name in other.keys}.difference(kinds[kind].keys)
        for name in others.intersection(flux):
            if not document.overridden(("flux", name)):
                del flux[name]
    if flux.get("kind") == FACILITY.name and document.overridden(("flux", "path")):
        facility = flux.get("name")
        if not document.overridden(("flux", "name")):
            flux.pop("name", None)
        document.data["flux"] = flux = {**own_file_keys(facility), **flux, "kind": "file"}
    for key in {key for other in kinds.values() for key in other.file_keys}:
        path = flux.get(key)
        if document.overridden(("flux", key)) and isinstance(path, str) and path.strip() and path[0] != "~":
            flux[key] = str(Path(path).absolute())


def read_flux_table(
    table: Table, neutrino: str | None, *, one_spectrum: bool = True, kinds: Mapping[str, FluxKind] = KINDS,
    projectile: str | None = None,
) -> FluxCard:  # fmt: skip
    """Read the table.

    Parameters
    ----------
    table : Table
        The table ``[flux]``.
    neutrino : str or None
        Name of the neutrino of the process; None for all neutrinos of the source; empty if it is wrong on the card.
    one_spectrum : bool
        Whether the process takes a single flux (tridents) or a whole source (CEvNS).
    kinds : mapping
        The known kinds of flux, by name.
    projectile : str
        What the process takes, ``neutrinos`` or ``dark matter``; any if it is not given.
    """
    name = table.need("kind", one_of(kinds), "")
    if name not in kinds:  # then the other keys cannot be checked
        table.accept_the_rest()
        return FluxCard("", MappingProxyType({}))
    kind, before = kinds[name], table.document.flaws
    if projectile not in (None, kind.projectile):
        fitting = [f"'{each.name}'" for each in kinds.values() if each.projectile == projectile]
        cure = f"use {fitting[0]}" if len(fitting) == 1 else f"choose a flux of {projectile}, or process.kind = 'wimp'"
        table.complain("kind", f"is a flux of {kind.projectile}, but the process takes {projectile}: {cure}")
        table.accept_the_rest()
        return FluxCard("", MappingProxyType({}))
    options = kind.read(table)
    if neutrino != "" and not kind.reads_file(options) and table.document.flaws == before:
        _check(table.document, kind, options, neutrino, one_spectrum=one_spectrum)
    return FluxCard(name, MappingProxyType(options), kind.range_key_of(options))


def _check(
    document: Document, kind: FluxKind, options: Mapping[str, object], neutrino: str | None, *, one_spectrum: bool
) -> None:
    """Note what is wrong with values of the right types."""
    try:
        if kind.projectile == DARK_MATTER:
            kind.halo(options, Path())
        elif one_spectrum and neutrino is not None:
            kind.flux(options, neutrino, Path())
        else:
            kind.source(options, neutrino, Path())
    except InputError as error:
        document.complain(key_in_front(str(error)) or ("flux",), str(error))
