"""Checks of object headers and global heaps of HDF5 files before the HDF5 library reads them.

A text of variable length is stored as its length and its address in a heap. The library allocates memory for that
length, up to 4 GiB, before it checks the address, and it has no call that returns the length alone. It walks through a
heap object by object, and loops forever at a free object of size zero; the file names of a virtual dataset are stored
in a heap as well. Therefore the headers (HDF5 File Format Specification 3.0, sections IV.A.1.a, IV.A.2.b, i, m and q)
and the heaps (section III.E) are read here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import h5py

from tridentgen.errors import FileError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PREFIX, _MESSAGE = struct.Struct("<BxHII4x"), struct.Struct("<HHB3x")
_PLACE, _TEXT, _SIZES = struct.Struct("<QQ"), struct.Struct("<IQ"), struct.Struct("<BxHHH")
_VIRTUAL, _HEAP, _OBJECT = struct.Struct("<BBQI"), struct.Struct("<4sB3xQ"), struct.Struct("<HHxxxxQ")
_DATASPACE, _LAYOUT, _ATTRIBUTE, _CONTINUATION = 0x01, 0x08, 0x0C, 0x10
_MOST_HEADER_BYTES = 1 << 24
_MOST_ADDRESS = (1 << 63) - 1
_MOST_TEXT_BYTES = 1 << 26
_MOST_HEAP_OBJECTS = 1 << 17


class Text(NamedTuple):
    """Length and heap of a text, from its header."""

    length: int
    heap: int
    """Address of the heap that holds it, 0 for none."""


class Mapping(NamedTuple):
    """The undecoded list of source files of a virtual dataset, and its number of dimensions."""

    block: bytes
    rank: int


class Texts:
    """The texts of one object of a file on the disk, as described by its header.

    Parameters
    ----------
    item
        File, group or dataset.
    path
        The file that holds it.
    """

    def __init__(self, item: Any, path: Path) -> None:
        self._path = path
        self._most = min(path.stat().st_size, _MOST_TEXT_BYTES)
        self._texts: dict[str, list[Text]] = {}
        self._sound_heaps = {0}
        plain = item.file.id.get_create_plist().get_sizes() == (8, 8)  # of addresses and lengths
        with path.open("rb") as file:
            if plain and file.read(len(_SIGNATURE)) == _SIGNATURE:  # else addresses are not offsets from the beginning
                self._read(file, h5py.h5o.get_info(item.id).addr)

    def _read(self, file: BinaryIO, address: int) -> None:
        for message in _messages(file, address, _ATTRIBUTE):
            name, text = _name_and_text(message)
            self._texts.setdefault(name, []).append(text)

    def length(self, name: str) -> int | None:
        """Return the largest length of the texts of this name, None if there is none."""
        return max((text.length for text in self._texts.get(name, ())), default=None)

    def require_sound(self, name: str, stored: Any) -> None:
        """Raise `FileError` for a text, an ``h5py.h5a.AttrID``, that cannot be read with little memory and time.

        That is a text whose declared length exceeds the file size or 64 MiB, or one in a damaged heap.
        """
        kind = h5py.check_string_dtype(stored.dtype)
        in_heap = kind is not None and kind.length is None
        length = self.length(name) if in_heap else stored.dtype.itemsize
        if length is None:
            raise _newer(self._path, f"the text '{name}'")
        if length > self._most:
            raise _damaged(self._path, f"the text '{name}' claims {length} bytes")
        for heap in {text.heap for text in self._texts[name]} - self._sound_heaps if in_heap else ():
            with self._path.open("rb") as file:
                if _heap_objects(file, heap, self._path.stat().st_size) is None:
                    raise _damaged(self._path, f"the text '{name}' points to an invalid HDF5 global heap")
            self._sound_heaps.add(heap)


def virtual_mappings(file: Any, path: Path) -> dict[str, Mapping]:
    """Return the source files of the virtual datasets of a file, by name; call it before any of them is opened.

    Raise `FileError` for headers that are damaged or in a newer format.
    """
    links: list[tuple[str, int]] = []

    def visit(name: bytes, link: Any) -> None:  # h5py discards exceptions raised here
        if link.type == h5py.h5l.TYPE_HARD:
            links.append((name.decode(errors="replace"), link.u))

    file.id.links.visit(visit, info=True)
    found = {}
    with path.open("rb") as raw:
        for name, address in links:
            if _header_version(raw, address) != 1:
                raise _newer(path, f"'/{name}'")
            for message in _messages(raw, address, _LAYOUT):
                if message[0] >= 4 and message[1] == 3:  # layout class 3 is virtual, from version 4 on
                    found[name] = _mapping(raw, address, message, path, name)
    return found


def _mapping(file: BinaryIO, address: int, layout: bytes, path: Path, name: str) -> Mapping:
    _, _, heap, number = _unpacked(_VIRTUAL, layout[: _VIRTUAL.size])
    objects = _heap_objects(file, heap, path.stat().st_size)
    if objects is None or number not in objects:
        raise _damaged(path, f"'/{name}' points to an invalid HDF5 global heap")
    start, size = objects[number]
    ranks = [message[1] for message in _messages(file, address, _DATASPACE)]
    if size > _MOST_TEXT_BYTES or len(ranks) != 1:
        raise _damaged(path, f"'/{name}' has no shape, or too many source files")
    return Mapping(_bytes(file, start, size), ranks[0])


def _damaged(path: Path, what: str) -> FileError:
    return FileError(f"'{path}' is damaged: {what}; make it again or take a fresh copy")


def _newer(path: Path, what: str) -> FileError:
    return FileError(
        f"'{path}': {what} is stored in a newer format of HDF5, in which its length cannot be checked; make a copy "
        "with 'h5repack --low=0'"
    )


def _header_version(file: BinaryIO, address: int) -> int:
    """Return the version of the object header at `address`; any number but 1 stands for version 2 or later."""
    return int(_unpacked(_PREFIX, _bytes(file, address, _PREFIX.size))[0])


def _messages(file: BinaryIO, address: int, wanted: int) -> Iterator[bytes]:
    """Yield the messages of type `wanted` in the object header at `address`; none unless it has version 1."""
    version, _, _, size = _unpacked(_PREFIX, _bytes(file, address, _PREFIX.size))
    blocks, seen, room = [(address + _PREFIX.size, size)], set[int](), _MOST_HEADER_BYTES
    while blocks and version == 1:
        start, size = blocks.pop()
        room -= size
        if start in seen or room < 0:
            raise ValueError("an object header of HDF5 has no end")
        seen.add(start)
        data, at = _bytes(file, start, size), 0
        while at + _MESSAGE.size <= len(data):
            kind, length, _ = _MESSAGE.unpack_from(data, at)
            body = data[at + _MESSAGE.size :][:length]
            at += _MESSAGE.size + length
            if kind == _CONTINUATION:
                blocks.append(_unpacked(_PLACE, body[: _PLACE.size]))
            elif kind == wanted:
                yield body


def _name_and_text(message: bytes) -> tuple[str, Text]:
    """Return the name of an attribute and the first bytes of its value, decoded as those of a text."""
    version, *sizes = _unpacked(_SIZES, message[: _SIZES.size])
    at = _SIZES.size + (version == 3)  # version 3 also stores the encoding of the name
    name = message[at : at + sizes[0]].split(b"\0")[0].decode("utf-8", "surrogateescape")
    at += sum(-(-size // 8) * 8 if version == 1 else size for size in sizes)
    value = message[at : at + _TEXT.size]
    return name, Text(*_TEXT.unpack(value)) if len(value) == _TEXT.size else Text(0, 0)


def _heap_objects(file: BinaryIO, address: int, end: int) -> dict[int, tuple[int, int]] | None:
    """Return offset and size of the objects of the heap at `address`, by their numbers.

    Return None unless the heap lies in the file, and its objects follow one another in the heap.
    """
    if address + _HEAP.size > end:
        return None
    signature, version, size = _unpacked(_HEAP, _bytes(file, address, _HEAP.size))
    if (signature, version) != (b"GCOL", 1) or not _HEAP.size <= size <= end - address:
        return None
    at, end = address + _HEAP.size, address + size
    found: dict[int, tuple[int, int]] = {}
    for _ in range(_MOST_HEAP_OBJECTS):
        if at + _OBJECT.size > end:
            return found
        number, _, size = _unpacked(_OBJECT, _bytes(file, at, _OBJECT.size))
        step = size if number == 0 else _OBJECT.size + -(-size // 8) * 8  # the size of free space includes its header
        if not _OBJECT.size <= step <= end - at or number in found:
            return None
        found[number] = (at + _OBJECT.size, size)
        at += step
    return None


def _unpacked(form: struct.Struct, data: bytes) -> tuple[Any, ...]:
    if len(data) != form.size:
        raise ValueError("an object header of HDF5 is damaged")
    return form.unpack(data)


def _bytes(file: BinaryIO, start: int, size: int) -> bytes:
    if start > _MOST_ADDRESS:  # beyond the range of `seek`
        return b""
    file.seek(start)
    return file.read(size)
