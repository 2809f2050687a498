"""Readers by the ending of the file name."""

from __future__ import annotations

from pathlib import Path

from tridentgen.errors import FileError
from tridentgen.events.events import Events
from tridentgen.exchange.importing.found import Reader
from tridentgen.exchange.importing.hepevt import HepevtReader
from tridentgen.exchange.importing.hepmc2 import START, Hepmc2Reader
from tridentgen.exchange.importing.nuhepmc import NuHepmcReader
from tridentgen.exchange.importing.tables import events_of
from tridentgen.exchange.importing.text_files import head_of, require_ordinary, variant_of

ENDINGS = tuple(name + packed for name in (".hepmc3", ".hepmc2", ".hepmc", ".hepevt") for packed in ("", ".gz"))
"""Endings of files that can be read besides event files of this package."""


def is_foreign(path: Path) -> bool:
    """Return whether a file is read by `read_foreign`, according to its name."""
    return path.name.endswith(ENDINGS)


def read_foreign(path: Path, weight: str | None = None) -> Events:
    """Read events of another format; raise `FileError` or `InputError` where that fails."""
    return events_of(open_foreign(path, weight))


def open_foreign(path: Path, weight: str | None = None) -> Reader:
    """Return the reader of a file of another format, which reads it event by event and takes the weight of that name.

    HepMC2 and HepMC3 are told apart by their first lines.
    """
    if path.name.removesuffix(".gz").endswith(".hepevt"):
        return HepevtReader(path, weight=weight)
    require_ordinary(path)
    head = head_of(path)
    if START in head:
        return Hepmc2Reader(path, weight)
    if head and b"HepMC::Asciiv3" not in head and b"HepMC::Version 3" not in head and (variant := variant_of(path)):
        raise FileError(f"'{path}' is not HepMC text but {variant}")
    return NuHepmcReader(path, weight)
