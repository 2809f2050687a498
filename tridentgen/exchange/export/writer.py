"""Base classes for writers of events in any format."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

import numpy as np

from tridentgen.events.output import check_output, part_path, uninterrupted, writing
from tridentgen.events.particles import Group
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.text import Bytes, joined

_GZIP_LEVEL = 1
"""Digits hardly compress better at higher levels, which are five times slower."""


class Writer(ABC):
    """Writes the events of a run; use it as a context manager.

    The file is written as ``PATH.part`` and renamed at the end of the ``with`` block. After an error or Ctrl-C no file
    is left.

    Parameters
    ----------
    path : Path
    facts : RunFacts
        Facts about the run to record in the file.
    force : bool
        Overwrite an existing file.

    Raises
    ------
    FileError
        The file exists and `force` is not set, or cannot be written.
    """

    columns: ClassVar[tuple[str, ...] | None] = ()
    """Columns needed besides those from which particles are made; None for all columns of the file."""

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        self.path, self.facts = path, facts
        self.part = part_path(path)
        self._created = False
        check_output(path, force)

    @abstractmethod
    def open(self) -> None:
        """Begin the file ``self.part``."""

    @abstractmethod
    def write(self, block: Block) -> None:
        """Add a block of events."""

    @abstractmethod
    def close(self) -> None:
        """End the file and release it."""

    @abstractmethod
    def abandon(self) -> None:
        """Release the file as it is."""

    def append(self, block: Block) -> None:
        """Add a block of events; raise `FileError` if that fails."""
        with writing(self.part):
            self.write(block)

    def __enter__(self) -> Self:
        try:
            with writing(self.part):
                self.part.unlink(missing_ok=True)  # what `check_output` allows
                with self.part.open("xb"):  # and nothing that somebody else has put there since
                    self._created = True
                self.open()
        except BaseException:
            self._clear_away()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._clear_away()
            return
        try:
            with writing(self.path):
                self.close()
                self.part.replace(self.path)
        except BaseException:
            self._clear_away()
            raise

    def _clear_away(self) -> None:
        with uninterrupted():
            with suppress(OSError, RuntimeError, ValueError):  # the original error is the one to report
                self.abandon()
            if self._created:
                self.part.unlink(missing_ok=True)


class TextWriter(Writer):
    """A writer of text; compressed if the name ends in ``.gz``, always to the same bytes."""

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        super().__init__(path, facts, force=force)
        self._plain: IO[bytes] | None = None
        self._file: IO[bytes] | gzip.GzipFile | None = None

    @abstractmethod
    def header(self) -> bytes:
        """Return what comes before the events."""

    @abstractmethod
    def text(self, block: Block, group: Group) -> Bytes:
        """Return the events of a group, one row each, padded with zero bytes."""

    def footer(self) -> bytes:
        """Return what comes after the events."""
        return b""

    def open(self) -> None:
        """Begin the file with its header."""
        self._plain = self._file = self.part.open("wb")
        if self.path.suffix == ".gz":
            self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=self._plain, mtime=0)
        self._file.write(self.header())

    def write(self, block: Block) -> None:
        """Add the text of a block."""
        assert self._file is not None
        texts = [(group, self.text(block, group)) for group in block.groups]
        whole = texts[0][1]
        if len(texts) > 1:  # restore the order of the events of all groups
            whole = np.zeros((len(block), max(text.shape[1] for _, text in texts)), dtype=np.uint8)
            for group, text in texts:
                whole[group.rows, : text.shape[1]] = text
        self._file.write(joined(whole))

    def close(self) -> None:
        """End the file with its footer."""
        assert self._file is not None
        assert self._plain is not None
        self._file.write(self.footer())
        self._file.close()
        self._plain.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        for file in (self._file, self._plain):
            if file is not None:
                file.close()


class NullWriter(Writer):
    """A writer that discards its events, to measure the cost of making them."""

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        super().__init__(path, facts, force=force)
        self.events = 0

    def open(self) -> None:
        """Create the empty file that is renamed at the end."""
        self.part.touch()

    def write(self, block: Block) -> None:
        """Count the events."""
        self.events += len(block)

    def close(self) -> None:
        """Do nothing."""

    def abandon(self) -> None:
        """Do nothing."""
