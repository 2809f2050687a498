"""All kinds of reactions by name: the only place where a process is registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tridentgen.engines.process import Column
from tridentgen.errors import FileError, InputError, nearest
from tridentgen.events.columns import with_roles
from tridentgen.events.particles import PlainRecords, Records
from tridentgen.processes.base import ReactionKind
from tridentgen.processes.cevns.kind import CEVNS
from tridentgen.processes.inverse_beta.kind import INVERSE_BETA
from tridentgen.processes.inverse_muon.kind import INVERSE_MUON
from tridentgen.processes.neutrino_electron.kind import NEUTRINO_ELECTRON
from tridentgen.processes.trident.kind import TRIDENT, TRIDENT_EPA
from tridentgen.processes.wimp.kind import WIMP

__all__ = [
    "CEVNS", "KINDS", "TRIDENT", "TRIDENT_EPA", "WIMP", "columns_of", "kind_in", "kind_named", "kind_names", "kind_of",
    "kind_spelt", "records_of",
]  # fmt: skip

KINDS: Mapping[str, ReactionKind] = MappingProxyType(
    {kind.name: kind for kind in (TRIDENT, TRIDENT_EPA, CEVNS, INVERSE_BETA, NEUTRINO_ELECTRON, INVERSE_MUON, WIMP)}
)


def kind_names() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(KINDS)


def kind_named(name: str) -> ReactionKind:
    """Return the kind of that name; raise `InputError` for an unknown one."""
    if name not in KINDS:
        raise InputError(f"unknown kind of process '{name}'{nearest(name, KINDS)}; known are {', '.join(KINDS)}")
    return KINDS[name]


def kind_spelt(text: str) -> ReactionKind | None:
    """Return the kind that a user means, as ``CEvNS`` or ``trident_epa``; None for an unknown one."""

    def plain(name: str) -> str:
        return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())

    known = {plain(name): kind for kind in KINDS.values() for name in (kind.name, *kind.spellings)}
    return known.get(plain(text))


def kind_in(attributes: Mapping[str, Any]) -> ReactionKind | None:
    """Return the kind of reaction of a file from its root attributes; None for an unknown kind.

    A file that does not name its process is taken for a file of tridents, the first process of the program.
    """
    return KINDS.get(str(attributes.get("process", TRIDENT.name)))


def kind_of(attributes: Mapping[str, Any], path: str | Path) -> ReactionKind:
    """Return the kind of reaction of the file at `path`; raise `FileError`, which names the kind, if it is unknown."""
    kind = kind_in(attributes)
    if kind is None:
        raise FileError(
            f"'{path}' holds events of the process '{attributes.get('process')}', which this tridentgen does not know "
            f"(known are {', '.join(KINDS)}); use the version or the package that made it"
        )
    return kind


def columns_of(columns: Sequence[Column], attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file with roles and particles, also for files written before these were stored."""
    kind = kind_in(attributes)
    return tuple(columns) if kind is None else with_roles(columns, kind.columns(attributes))


def records_of(columns: Sequence[Column], attributes: Mapping[str, Any], recoil: str, path: str | Path) -> Records:
    """Return the object that makes particles from the columns of a file.

    Raise `FileError` for an unknown kind, `InputError` for insufficient columns or attributes; both name the file.
    """
    kind = kind_of(attributes, path)
    try:
        if kind.particles is None:
            assert kind.process_id is not None
            several = None if kind.processes is None else kind.processes(attributes)
            return PlainRecords(columns, attributes, recoil, kind.process_id if several is None else several)
        return kind.particles(attributes, recoil)
    except InputError as error:
        raise InputError(f"'{path}': {error}") from error
