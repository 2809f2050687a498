"""A file with a write-ahead log: its content on disk is always that of the last commit, even if its writer is killed.

HDF5 has no journal: a process killed while the library updates its tables leaves a file that cannot be opened. Here the
library writes through this object (h5py's driver for Python file objects). Bytes beyond the end of the last commit are
written at once. Changes of committed bytes are held in memory, in pages, until `commit` writes them to a journal next
to the file, then to the file, and removes the journal. The next process that opens the file completes a commit with a
complete journal and discards an incomplete journal: write-ahead logging (Mohan et al., ACM TODS 17 (1992) 94).
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError, UnfitError
from tridentgen.events.output import JOURNAL, check_leftover, journal_path, require_plain, reserve

_PAGE = 4096
_HEAD = struct.Struct("<QQ")  # size of the file, pages
_NUMBER = struct.Struct("<Q")
_ATTEMPTS = 10
_MOVES_OPEN_FILES = os.name == "posix"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)


def is_begun(path: Path) -> bool:
    """Return whether the file exists and holds a commit, not only reserved space."""
    try:
        if not path.is_file():  # opening a pipe would wait
            return False
        with path.open("rb") as file:
            return any(file.read(8))
    except OSError:
        return False


class CommittedFile:
    """A file object for ``h5py.File(object, mode)``, locked against other writers.

    Parameters
    ----------
    path
        The file.
    new
        Start with an empty file; otherwise an interrupted commit is completed or undone first.

    Raises
    ------
    FileError
        Another process is writing the file.
    OSError
        The file cannot be opened or written.
    """

    def __init__(self, path: Path, *, new: bool) -> None:
        self.path = path
        self._descriptor = self._locked(os.O_RDWR | _NO_LINKS | (os.O_CREAT if new else 0))
        try:
            require_plain(os.fstat(self._descriptor), path)
            if new:
                journal_path(path).unlink(missing_ok=True)
                os.ftruncate(self._descriptor, 0)
            else:
                self._recover()
            self._committed = self._size = os.fstat(self._descriptor).st_size
        except BaseException:
            os.close(self._descriptor)
            raise
        self._place = 0
        self._pages: dict[int, bytearray] = {}
        self._fresh, self._closed = new, False

    def _locked(self, flags: int) -> int:
        """Return a descriptor of the file, locked."""
        in_use = f"'{self.path}' is being written by another run; wait for it or choose another output"
        for _ in range(_ATTEMPTS):
            descriptor = os.open(self.path, flags, 0o666)
            try:
                _lock(descriptor)
                if _is_named(descriptor, self.path):
                    return descriptor
            except BlockingIOError as error:
                os.close(descriptor)
                raise FileError(in_use) from error
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # another run ended in the meantime and renamed or removed the file
        raise FileError(in_use)

    def _recover(self) -> None:
        """Complete a commit whose journal is complete; any other commit has not changed the file."""
        journal = journal_path(self.path)
        try:
            check_leftover(journal, JOURNAL, force=False)
        except FileError as error:
            raise UnfitError(str(error)) from error
        if not journal.exists():
            return
        data = journal.read_bytes()
        head, digest = data[:-32], data[-32:]
        start = len(JOURNAL) + _HEAD.size
        if head.startswith(JOURNAL) and hashlib.sha256(head).digest() == digest:
            size, count = _HEAD.unpack_from(head, len(JOURNAL))
            step = _NUMBER.size + _PAGE
            for at in range(start, start + count * step, step):
                (number,) = _NUMBER.unpack_from(head, at)
                _write_all(self._descriptor, head[at + _NUMBER.size : at + step], number * _PAGE)
            os.ftruncate(self._descriptor, size)
            os.fsync(self._descriptor)
        journal.unlink()

    # Interface of a file object for h5py.

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place

    def tell(self) -> int:
        """Return the position."""
        return self._place

    def read(self, size: int) -> bytes:
        """Return `size` bytes from the current position, fewer at the end."""
        buffer = bytearray(max(min(size, self._size - self._place), 0))
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def readinto(self, buffer: memoryview) -> int:
        """Read from the current position, including changes that are not committed yet."""
        view = memoryview(buffer).cast("B")
        stop = min(self._place + len(view), self._size)
        length = max(stop - self._place, 0)
        view[:length] = os.pread(self._descriptor, length, self._place).ljust(length, b"\0")
        for number in _numbers(self._place, stop):
            if number in self._pages:
                low, high = max(number * _PAGE, self._place), min((number + 1) * _PAGE, stop)
                page = self._pages[number][low - number * _PAGE : high - number * _PAGE]
                view[low - self._place : high - self._place] = page
        self._place += length
        return length

    def write(self, data: memoryview) -> int:
        """Write at the current position: at once beyond the committed bytes, otherwise with the next commit."""
        view = memoryview(data).cast("B")
        start, stop = self._place, self._place + len(view)
        # Partly committed pages are held in memory, and all pages until the first commit: half a header is not a file.
        edge = stop if self._fresh else -(-self._committed // _PAGE) * _PAGE
        for number in _numbers(start, min(stop, edge)):
            low, high = max(number * _PAGE, start), min((number + 1) * _PAGE, stop)
            page = self._pages.get(number)
            if page is None:
                old = b"" if high - low == _PAGE else os.pread(self._descriptor, _PAGE, number * _PAGE)
                page = self._pages[number] = bytearray(old.ljust(_PAGE, b"\0"))
            page[low - number * _PAGE : high - number * _PAGE] = view[low - start : high - start]
        if stop > edge and not self._closed:
            begin = max(start, edge)
            _write_all(self._descriptor, view[begin - start :], begin)
        self._place = stop
        self._size = max(self._size, stop)
        return len(view)

    def truncate(self, size: int) -> int:
        """Set the size; the file on disk gets it with the next commit."""
        self._size = size
        return size

    def flush(self) -> None:
        """Do nothing: the library flushes at any time, and only `commit` marks a consistent state."""

    # Interface for the writer.

    def reserve(self, size: int) -> None:
        """Reserve disk space for `size` bytes beyond the end."""
        reserve(self._descriptor, max(self._size, self._committed), size)

    def commit(self, *, durable: bool) -> None:
        """Commit everything written so far; raise `OSError` if there is no space for the journal.

        If `durable`, the commit also survives a power failure, otherwise only the end of the process.
        """
        sync = os.fsync if durable else _leave_to_the_system
        sync(self._descriptor)
        if self._pages:
            self._write_journal(sync)
        for number, page in self._pages.items():
            _write_all(self._descriptor, page, number * _PAGE)
        os.ftruncate(self._descriptor, self._size)
        if self._pages:
            sync(self._descriptor)
            journal_path(self.path).unlink()
        self._pages.clear()
        self._committed, self._fresh = self._size, False

    def _write_journal(self, sync: Callable[[int], None]) -> None:
        pages = b"".join(_NUMBER.pack(number) + page for number, page in sorted(self._pages.items()))
        text = JOURNAL + _HEAD.pack(self._size, len(self._pages)) + pages
        journal = journal_path(self.path)
        with journal.open("xb") as file:  # nothing else may be there
            try:
                file.write(text + hashlib.sha256(text).digest())
                file.flush()
                sync(file.fileno())
            except OSError:
                journal.unlink(missing_ok=True)
                raise

    def forget(self) -> None:
        """Stop writing: the file stays as it was last committed."""
        self._closed = True

    def close(self, then: Callable[[], object] | None = None) -> None:
        """Close the file with its committed content only.

        `then` renames or removes the file before the lock is released, so that no other run takes it over in between.
        """
        if self._descriptor < 0:
            return
        self._closed = True
        try:
            os.ftruncate(self._descriptor, self._committed)
            if then is not None and _MOVES_OPEN_FILES:
                then()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1
        if then is not None and not _MOVES_OPEN_FILES:
            then()


def _lock(descriptor: int) -> None:
    """Lock a file against other writers, if the file system supports locks."""
    if os.name != "posix":
        return
    fcntl: Any = importlib.import_module("fcntl")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _is_named(descriptor: int, path: Path) -> bool:
    """Return whether `path` still names the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _leave_to_the_system(_descriptor: int) -> None:
    """Do nothing: the operating system decides when to write to the disk."""


def _numbers(start: int, stop: int) -> range:
    """Return the numbers of the pages that hold the bytes from `start` to `stop`."""
    return range(start // _PAGE, -(-stop // _PAGE)) if stop > start else range(0)


def _write_all(descriptor: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(descriptor, view, offset)
        view, offset = view[done:], offset + done
