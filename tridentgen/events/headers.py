"""What the headers of objects in a file say, looked up before the HDF5 library acts on it.

A text of variable length is kept as its length and its place in a heap. The library makes room for that length, up to
4 GiB, before it looks at the place, and it has no call that returns the length alone. It goes through a heap from one
object to the next, and stays for ever at a free one of no size; the files behind a virtual dataset stand in a heap as
well. So the headers (HDF5 File Format Specification 3.0, sections IV.A.1.a, IV.A.2.b, i, m and q) are read here, and
the heaps (section III.E) gone through.
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
    """What a header says of a text."""

    length: int
    heap: int
    """Address of the heap that holds it, 0 for none."""


class Mapping(NamedTuple):
    """What a file says of the files behind a virtual dataset, undecoded, and the number of dimensions."""

    block: bytes
    rank: int


class Texts:
    """The texts of one object of a file on the disk, as its header describes them.

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
            if plain and file.read(len(_SIGNATURE)) == _SIGNATURE:  # else addresses do not count from the beginning
                self._read(file, h5py.h5o.get_info(item.id).addr)

    def _read(self, file: BinaryIO, address: int) -> None:
        for message in _messages(file, address, _ATTRIBUTE):
            name, text = _name_and_text(message)
            self._texts.setdefault(name, []).append(text)

    def length(self, name: str) -> int | None:
        """Return the largest length of the texts of this name, None where there is none."""
        return max((text.length for text in self._texts.get(name, ())), default=None)

    def require_sound(self, name: str, stored: Any) -> None:
        """Raise `FileError` for a text, an ``h5py.h5a.AttrID``, that cannot be read in little memory and time.

        That is one that claims to be longer than the file or 64 MiB, and one in a damaged heap.
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
                    raise _damaged(self._path, f"the text '{name}' is kept in a heap of HDF5 that is none")
            self._sound_heaps.add(heap)


def virtual_mappings(file: Any, path: Path) -> dict[str, Mapping]:
    """Return where the virtual datasets of a file have their data, by name; to be called before any is opened.

    Raise `FileError` for headers that are damaged, or in a newer format.
    """
    links: list[tuple[str, int]] = []

    def visit(name: bytes, link: Any) -> None:  # h5py loses what is raised here
        if link.type == h5py.h5l.TYPE_HARD:
            links.append((name.decode(errors="replace"), link.u))

    file.id.links.visit(visit, info=True)
    found = {}
    with path.open("rb") as raw:
        for name, address in links:
            if _header_version(raw, address) != 1:
                raise _newer(path, f"'/{name}'")
            for message in _messages(raw, address, _LAYOUT):
                if message[0] >= 4 and message[1] == 3:  # only from version 4 on is that a virtual one
                    found[name] = _mapping(raw, address, message, path, name)
    return found


def _mapping(file: BinaryIO, address: int, layout: bytes, path: Path, name: str) -> Mapping:
    _, _, heap, number = _unpacked(_VIRTUAL, layout[: _VIRTUAL.size])
    objects = _heap_objects(file, heap, path.stat().st_size)
    if objects is None or number not in objects:
        raise _damaged(path, f"'/{name}' is kept in a heap of HDF5 that is none")
    start, size = objects[number]
    ranks = [message[1] for message in _messages(file, address, _DATASPACE)]
    if size > _MOST_TEXT_BYTES or len(ranks) != 1:
        raise _damaged(path, f"'/{name}' has no shape, or lies in too many files")
    return Mapping(_bytes(file, start, size), ranks[0])


def _damaged(path: Path, what: str) -> FileError:
    return FileError(f"'{path}' is damaged: {what}; make it again or take a fresh copy")


def _newer(path: Path, what: str) -> FileError:
    return FileError(
        f"'{path}': {what} is kept in a newer format of HDF5, in which its length cannot be checked; make a copy with "
        "'h5repack --low=0'"
    )


def _header_version(file: BinaryIO, address: int) -> int:
    """Return the version of the object header at `address`, anything but 1 for those from version 2 on."""
    return int(_unpacked(_PREFIX, _bytes(file, address, _PREFIX.size))[0])


def _messages(file: BinaryIO, address: int, wanted: int) -> Iterator[bytes]:
    """Yield the messages of a kind in the object header at `address`; none where it is not of version 1."""
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
    """Return the name of an attribute and the first bytes of its value, as they are to be read where that is a text."""
    version, *sizes = _unpacked(_SIZES, message[: _SIZES.size])
    at = _SIZES.size + (version == 3)  # which also gives the encoding of the name
    name = message[at : at + sizes[0]].split(b"\0")[0].decode("utf-8", "surrogateescape")
    at += sum(-(-size // 8) * 8 if version == 1 else size for size in sizes)
    value = message[at : at + _TEXT.size]
    return name, Text(*_TEXT.unpack(value)) if len(value) == _TEXT.size else Text(0, 0)


def _heap_objects(file: BinaryIO, address: int, end: int) -> dict[int, tuple[int, int]] | None:
    """Return where the objects of the heap at `address` begin, and their sizes.

    None unless it lies in the file, and its objects one behind the other in it.
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
        step = size if number == 0 else _OBJECT.size + -(-size // 8) * 8  # what is free counts its own head
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
    if start > _MOST_ADDRESS:  # more than can be sought
        return b""
    file.seek(start)
    return file.read(size)
