"""Readers by the ending of the file name."""

from __future__ import annotations

from pathlib import Path

from tridentgen.events.events import Events
from tridentgen.exchange.importing.found import Reader
from tridentgen.exchange.importing.hepevt import HepevtReader
from tridentgen.exchange.importing.nuhepmc import NuHepmcReader
from tridentgen.exchange.importing.tables import events_of

ENDINGS = (".hepmc3", ".hepmc3.gz", ".hepmc", ".hepevt")
"""Endings of files that can be read besides event files of this package."""


def is_foreign(path: Path) -> bool:
    """Return whether a file is read by `read_foreign`, according to its name."""
    return path.name.endswith(ENDINGS)


def read_foreign(path: Path) -> Events:
    """Read events of another format; raise `FileError` or `InputError` if that fails."""
    return events_of(open_foreign(path))


def open_foreign(path: Path) -> Reader:
    """Return the reader of a file of another format, which reads it event by event."""
    return HepevtReader(path) if path.suffix == ".hepevt" else NuHepmcReader(path)
