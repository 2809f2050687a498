"""How long the texts in a file claim to be, found out before the HDF5 library is asked to read them.

A text of variable length is kept as its length and a place. The library makes room for that length, up to 4 GiB, before
it looks at the place, and it has no call that returns the length alone. So the attributes are looked up here in the
headers of objects (HDF5 File Format Specification 3.0, sections IV.A.1.a, IV.A.2.m and IV.A.2.q).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from tridentgen.errors import FileError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_PREFIX, _MESSAGE = struct.Struct("<BxHII4x"), struct.Struct("<HHB3x")
_PLACE, _LENGTH, _SIZES = struct.Struct("<QQ"), struct.Struct("<I"), struct.Struct("<BxHHH")
_ATTRIBUTE, _CONTINUATION = 0x0C, 0x10
_MOST_HEADER_BYTES = 1 << 24
_MOST_TEXT_BYTES = 1 << 26


class Texts:
    """The lengths of the texts of one object of a file on the disk.

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
        self.lengths: dict[str, int] = {}
        plain = item.file.id.get_create_plist().get_sizes() == (8, 8)  # of addresses and lengths
        with path.open("rb") as file:
            if plain and file.read(len(_SIGNATURE)) == _SIGNATURE:  # else addresses do not count from the beginning
                self._read(file, h5py.h5o.get_info(item.id).addr)

    def _read(self, file: BinaryIO, address: int) -> None:
        try:
            for message in _attributes(file, address):
                name, length = _name_and_length(message)
                self.lengths[name] = max(length, self.lengths.get(name, 0))
        except (struct.error, OverflowError):
            raise ValueError("an object header of HDF5 is damaged") from None

    def require_bounded(self, name: str, stored: Any) -> None:
        """Raise `FileError` where a text, an ``h5py.h5a.AttrID``, claims to be longer than the file or 64 MiB."""
        kind = h5py.check_string_dtype(stored.dtype)
        length = self.lengths.get(name) if kind is not None and kind.length is None else stored.dtype.itemsize
        if length is None:
            raise FileError(
                f"'{self._path}': the text '{name}' is kept in a newer format of HDF5, in which its length cannot be "
                "checked; make a copy with 'h5repack --low=0'"
            )
        if length > self._most:
            raise FileError(
                f"'{self._path}' is damaged: the text '{name}' claims {length} bytes; make it again or take a fresh "
                "copy"
            )


def _attributes(file: BinaryIO, address: int) -> Iterator[bytes]:
    """Yield the attribute messages of the object header at `address`; none where it is not of version 1."""
    version, _, _, size = _PREFIX.unpack(_bytes(file, address, _PREFIX.size))
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
                blocks.append(_PLACE.unpack_from(body))
            elif kind == _ATTRIBUTE:
                yield body


def _name_and_length(message: bytes) -> tuple[str, int]:
    """Return the name of an attribute and the first four bytes of its value, the length where that is a text."""
    version, *sizes = _SIZES.unpack_from(message)
    at = _SIZES.size + (version == 3)  # which also gives the encoding of the name
    name = message[at : at + sizes[0]].split(b"\0")[0].decode("utf-8", "surrogateescape")
    at += sum(-(-size // 8) * 8 if version == 1 else size for size in sizes)
    value = message[at : at + _LENGTH.size]
    return name, _LENGTH.unpack(value)[0] if len(value) == _LENGTH.size else 0


def _bytes(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)
