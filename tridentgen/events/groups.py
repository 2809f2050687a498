"""Groups of an event file: arrays and attributes stored besides the events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError, InputError
from tridentgen.events.headers import Texts

OWN_ATTRIBUTES = ("format", "format_version", "n_events", "n_done", "columns", "content_hash", "complete")
"""Root attributes that only the writer sets."""

_DEFLATE_RATIO = 1032
"""Largest number of bytes that zlib expands one byte to (zlib.net/zlib_tech.html)."""

_MOST_BYTES = 1 << 30
_FILTERS = frozenset({h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32})

Attribute = int | float | str


@dataclass(frozen=True)
class Group:
    """Arrays and attributes stored besides the events, such as the VEGAS map of a sampling channel."""

    arrays: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]


def read_groups(file: Any, path: Path) -> dict[str, Group]:
    """Read all groups of an open file that hold arrays or attributes, other than the events, by path.

    Raise `FileError` for arrays that are not numbers, or larger than the file can hold.
    """
    found: dict[str, Group] = {}
    room = _MOST_BYTES

    def visit(name: str, item: Any) -> None:
        nonlocal room
        if isinstance(item, h5py.Group) and name != "events" and not name.startswith("events/"):
            own = [key for key in item if isinstance(item.get(key, getlink=True), h5py.HardLink)]
            arrays = {key: item[key] for key in own if isinstance(item[key], h5py.Dataset)}
            for data in arrays.values():
                if data.dtype.kind not in "fiu":
                    raise FileError(f"'{path}': '{data.name}' holds {data.dtype} and not numbers; take a fresh copy")
                require_bounded(data, path)
                room -= data.nbytes
            if room < 0:
                raise FileError(
                    f"'{path}' stores more than {_MOST_BYTES >> 20} MiB besides its events; take a fresh copy"
                )
            group = Group({key: data[()] for key, data in arrays.items()}, plain_attributes(item, path))
            if group.arrays or group.attributes:
                found[name] = group

    file.visititems(visit)
    return found


def require_bounded(data: Any, path: Path) -> None:
    """Raise `FileError` if a dataset declares a size larger than its file, or is stored in another file.

    Unwritten chunks read as zeros, so the declared size cannot be trusted.
    """
    if data.external:
        raise FileError(
            f"'{path}': '{data.name}' stores its data in '{data.external[0][0]}'; give a file that holds them"
        )
    if data.is_virtual:
        raise FileError(f"'{path}': '{data.name}' refers to other files; take a fresh copy, or merge again")
    name, held = data.name.removeprefix("/events/"), path.stat().st_size
    most = held * (1 if data.compression is None else _DEFLATE_RATIO)
    if math.prod(data.shape) * data.dtype.itemsize > most:
        raise FileError(f"'{path}': column '{name}' is larger than the file; make it again or take a fresh copy")
    _check_filters(data, name, path)


def _check_filters(data: Any, name: str, path: Path) -> None:
    """Raise `FileError` if the size of a decompressed chunk cannot be bounded."""
    properties = data.id.get_create_plist()
    if not {properties.get_filter(number)[0] for number in range(properties.get_nfilters())} <= _FILTERS:
        raise FileError(
            f"'{path}': column '{name}' is not compressed with deflate; convert the file with 'h5repack -f GZIP=1'"
        )
    if data.compression is not None:
        sizes: list[int] = []
        data.id.chunk_iter(lambda chunk: sizes.append(chunk.size))
        if max(sizes, default=0) * _DEFLATE_RATIO > _MOST_BYTES:
            raise FileError(f"'{path}': column '{name}' has compressed chunks above 1 MiB; take a fresh copy")


def plain_attributes(item: Any, path: Path | None) -> dict[str, Any]:
    """Return the attributes of a file, group or dataset as Python numbers and texts.

    Texts of the file at `path` are checked before they are read; None stands for a file that this process is writing.
    Raise `FileError` for a text of impossible length, `ValueError` for a value that is neither a number nor a text.
    """
    texts = None if path is None else Texts(item, path)
    return {name: _plain(item.attrs, name, texts) for name in item.attrs}


def _plain(attributes: Any, name: str, texts: Texts | None) -> Any:
    # A damaged text that has become a list crashes the HDF5 library when read.
    stored = attributes.get_id(name)
    if stored.shape != () or not (stored.dtype.kind in "fiu" or h5py.check_string_dtype(stored.dtype)):
        raise ValueError(f"attribute '{name}' is neither a number nor a text")
    if texts is not None and stored.dtype.kind not in "fiu":
        texts.require_sound(name, stored)
    value = attributes[name]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def checked_attributes(attributes: Mapping[str, Any]) -> dict[str, Attribute]:
    """Return attributes that HDF5 can store, without the writer's own; raise `InputError` for any other value."""
    checked: dict[str, Attribute] = {}
    for name, value in attributes.items():
        if name in OWN_ATTRIBUTES:
            continue
        plain = value.item() if isinstance(value, np.generic) else value
        if not isinstance(plain, (int, float, str)):
            raise InputError(f"attribute '{name}' must be a number or a text, not {type(value).__name__}")
        if isinstance(plain, str) and "\0" in plain:
            raise InputError(f"attribute '{name}' holds a NUL character, which HDF5 cannot store; leave it out")
        if isinstance(plain, int) and not -(2**63) <= plain < 2**64:
            raise InputError(f"attribute '{name}' = {plain} does not fit in 64 bits")
        checked[name] = int(plain) if isinstance(plain, bool) else plain
    return checked


def attribute_bytes(attributes: Mapping[str, Attribute]) -> int:
    """Return an upper limit of the storage in bytes that attributes need."""
    return sum(
        512 + 4 * len(name) + (4 * len(value) if isinstance(value, str) else 8) for name, value in attributes.items()
    )
