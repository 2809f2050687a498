"""Description of a kind of flux for cards: its keys, the types of their values, and the construction of the source."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import Flux
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.source import NEUTRINOS, Source
from tridentgen.toml.tables import FINITE, Table, integer, show, string


@dataclass(frozen=True)
class ValueType:
    """A type of value that a key takes.

    Attributes
    ----------
    words : str
        Name of the type in messages.
    fits : callable
        ``fits(value)``: whether a value given in Python is of the type.
    read : callable
        ``read(table, name)`` returns the value of a key of a card's table, and reports mistakes at their lines.
    """

    words: str
    fits: Callable[[object], bool]
    read: Callable[[Table, str], object]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_name_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _number(value: object) -> object:
    if isinstance(value, (int, float)):
        return FINITE(value)
    raise InputError(f"must be a number, not {show(value)}")


def _number_or_name(value: object) -> object:
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int):
        return integer(0, 2**31 - 1)(value)
    raise InputError(f"must be a whole number or a string in quotes, not {show(value)}")


NUMBER = ValueType("a number", _is_number, lambda table, name: table.read(name, _number, None))
TEXT = ValueType(
    "a text in quotes", lambda value: isinstance(value, str), lambda table, name: table.read(name, string, None)
)
NUMBER_OR_NAME = ValueType(
    "a number or a name",
    lambda value: isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)),
    lambda table, name: table.read(name, _number_or_name, None),
)
NUMBERS = ValueType(
    "a list of numbers",
    lambda value: isinstance(value, list),  # `FluxRequest.numbers` names the entry that is not a number
    lambda table, name: list(table.read_list(name, FINITE, "[1.0, 2.5, 10.0]")),
)
NAMES = ValueType(
    "a list of names", _is_name_list, lambda table, name: list(table.read_list(name, string, '["nue", "numu"]'))
)


@dataclass(frozen=True)
class FluxRequest:
    """A request for a source of a kind of flux.

    Attributes
    ----------
    options : mapping
        Values of the kind's keys; of the right types, with all the required ones.
    neutrino : str or None
        The requested neutrino; None for all neutrinos of the source.
    base_dir : Path
        Folder to which relative paths refer.
    """

    options: Mapping[str, Any]
    neutrino: str | None
    base_dir: Path

    def number(self, key: str, default: float | None = None) -> float:
        """Return the number of a key; one without `default` is required."""
        return float(self.options[key] if default is None else self.options.get(key, default))

    def numbers(self, key: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """Return the list of a key as numbers; raise `InputError` for an entry that is not a number."""
        values = self.options[key] if default is None else self.options.get(key, default)
        for i, value in enumerate(values):
            if not _is_number(value):
                raise InputError(f"{key} has {value!r} as entry {i}, which is not a number")
        return tuple(float(value) for value in values)

    def path(self, key: str) -> Path:
        """Return the path of a file, whose name may begin with ~ and refers to `base_dir`."""
        path = self.options[key]
        try:
            return self.base_dir / Path(path).expanduser()
        except RuntimeError as error:  # ~name of a user who does not exist
            raise InputError(f"{key} = {path!r} starts in the home of an unknown user; write the whole path") from error

    def source_of(self, flux: Flux) -> Source:
        """Return `flux` as a source of the requested neutrino, which must be named."""
        assert self.neutrino is not None, "a kind of flux without neutrinos of its own needs the name of one"
        return Source.of(flux, self.neutrino)


@dataclass(frozen=True)
class FluxKind:
    """A kind of flux by name.

    Attributes
    ----------
    name : str
        Value of ``flux.kind`` on cards.
    keys : mapping
        Its other keys and the types of their values, in the order in which they are listed.
    required : tuple of str
        Keys that must be given.
    build : callable
        ``build(request)`` returns the source, or the halo. Messages of its errors begin with the key at fault, if there
        is one.
    range_key : str
        The key that sets the range of the flux: ``kind`` if the kind alone determines it.
    has_own_neutrinos : bool
        Whether it defines its neutrinos; otherwise the neutrino is that of the process.
    one_neutrino_keys : tuple of str
        Keys that choose the spectrum of a single neutrino, which is then that of the process.
    alternatives : mapping
        A key that may be given in place of a required one.
    file_keys : tuple of str
        Keys that name a file: cards can be listed without the file, so the flux is made only when it is used.
    projectile : str
        ``neutrinos`` or ``dark matter``.
    """

    name: str
    keys: Mapping[str, ValueType]
    required: tuple[str, ...]
    build: Callable[[FluxRequest], Source | Halo]
    range_key: str = "kind"
    has_own_neutrinos: bool = True
    one_neutrino_keys: tuple[str, ...] = ()
    alternatives: Mapping[str, str] = field(default_factory=dict)
    file_keys: tuple[str, ...] = ()
    projectile: str = NEUTRINOS

    def __post_init__(self) -> None:
        for name in ("keys", "alternatives"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def has_one_neutrino(self, options: Mapping[str, object]) -> bool:
        """Return whether the flux has one neutrino species only, which is that of its process."""
        return not self.has_own_neutrinos or any(key in options for key in self.one_neutrino_keys)

    def reads_file(self, options: Mapping[str, object]) -> bool:
        """Return whether the flux of these options is in a file."""
        return any(key in options for key in self.file_keys)

    def range_key_of(self, options: Mapping[str, object]) -> str:
        """Return the key that sets the range of the flux with these options."""
        other = self.alternatives.get(self.range_key, self.range_key)
        return other if other in options else self.range_key

    def read(self, table: Table) -> dict[str, object]:
        """Return the values of the keys in a card's table; mistakes are reported to its document."""
        for name in self.required:
            if self.alternatives.get(name) not in table.data:
                table.require(name, f": flux.kind = '{self.name}' needs it")
        values = {name: kind.read(table, name) for name, kind in self.keys.items()}
        return {name: value for name, value in values.items() if name in table.data}

    def check(self, options: Mapping[str, object]) -> None:
        """Raise `InputError` for keys given in Python that are unknown, missing or of the wrong type."""
        for key, value in options.items():
            if key not in self.keys:
                takes = f"takes {', '.join(self.keys)}"
                raise InputError(
                    f"unknown key 'flux.{key}'{nearest(key, self.keys)}; flux.kind = '{self.name}' {takes}"
                )
            if not self.keys[key].fits(value):
                raise InputError(f"flux.{key} = {value!r} is not {self.keys[key].words}")
        for key in self.required:
            if key not in options and self.alternatives.get(key) not in options:
                words = self.keys[key].words
                raise InputError(f"flux.{key} is missing: flux.kind = '{self.name}' needs it, {words}")

    def beam(self, options: Mapping[str, object], neutrino: str | None, base_dir: Path) -> Source | Halo:
        """Return the source, or the halo, of options that `read` or `check` accepted.

        Raises
        ------
        InputError
            For values out of range (the message names ``flux.<key>``), for a neutrino that is not produced, and if no
            neutrino is named and the kind does not define one.
        FileError
            For a flux file that is missing or unusable.
        """
        if neutrino is None and not self.has_own_neutrinos:
            raise InputError(
                f"process.neutrino is missing: flux.kind = '{self.name}' does not define the neutrino; "
                "name one, such as 'numu'"
            )
        try:
            with np.errstate(over="raise", divide="raise"):
                made = self.build(FluxRequest(options, neutrino, base_dir))
                if isinstance(made, Halo) and neutrino is not None:
                    raise InputError(f"has dark matter and no {neutrino}: name no neutrino")
                return made if isinstance(made, Halo) or neutrino is None else made.only(neutrino)
        except InputError as error:
            message = str(error)
            is_key = re.split(r"[ []", message, maxsplit=1)[0].rstrip(":") in self.keys
            raise InputError(f"flux.{message}" if is_key else f"flux: {message}") from error
        except ArithmeticError as error:
            raise InputError("flux: a number is too large or too small to work with") from error

    def source(self, options: Mapping[str, object], neutrino: str | None, base_dir: Path) -> Source:
        """Return the source of neutrinos; raise as `beam` does, and `InputError` if it has none."""
        made = self.beam(options, neutrino, base_dir)
        if isinstance(made, Halo):
            raise InputError(
                f"flux.kind = '{self.name}' is a flux of {self.projectile}, not of neutrinos; choose another"
            )
        return made

    def halo(self, options: Mapping[str, object], base_dir: Path) -> Halo:
        """Return the dark matter of the halo; raise as `beam` does, and `InputError` if it is a flux of neutrinos."""
        made = self.beam(options, None, base_dir)
        if not isinstance(made, Halo):
            raise InputError(f"flux.kind = '{self.name}' is a flux of neutrinos, not of dark matter; use 'halo'")
        return made

    def flux(self, options: Mapping[str, object], neutrino: str, base_dir: Path) -> Flux:
        """Return the flux of one neutrino species; raise as `source` does, and `InputError` for several spectra."""
        components = self.source(options, neutrino, base_dir).components
        if len(components) > 1:
            names = ", ".join(component.name for component in components)
            raise InputError(
                f"flux.kind = '{self.name}' has several spectra of {neutrino} ({names}), but one is needed; "
                "choose one with flux.components"
            )
        return components[0].flux
