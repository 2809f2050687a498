"""Access to the file system for writing: checks of the output, disk space, and causes of failure."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py

from tridentgen.errors import FileError, TridentgenError

# A damaged file makes h5py raise nearly any exception: for an object of the wrong kind, an impossible size, ...
H5PY_ERRORS = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RESERVATION = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)


_HDF5 = b"\x89HDF\r\n\x1a\n"
_MOST_RESERVED = 1 << 24
"""More than the disk space, in bytes, that is reserved before anything is written."""

FORMAT = "tridentgen-events"
"""Attribute ``format`` of event files."""

JOURNAL = b"tridentgen journal 1\n"
"""Begin of the files that stand beside an output until it is complete."""


def journal_path(path: Path) -> Path:
    """Return the path of the journal of a file, which exists during a commit."""
    return path.with_name(path.name + ".journal")


def part_path(path: Path) -> Path:
    """Return the path of the file until it is complete: ``OUT.h5.part``."""
    return path.with_name(path.name + ".part")


def reason(error: BaseException) -> str:
    """Return the cause of an error on one line; the message of HDF5 has several lines."""
    if isinstance(error, OSError) and error.errno and error.strerror == os.strerror(error.errno):
        return error.strerror
    text = str(error)
    from_system = re.search(r"error message = '([^']*)'", text)
    return from_system[1] if from_system else " ".join(text.split()) or type(error).__name__


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn any failure to write `path` into one `FileError`."""
    try:
        yield
    except TridentgenError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        full = getattr(error, "errno", None) in _NO_ROOM
        cure = "; free some space or write elsewhere" if full else ""
        raise FileError(f"cannot write '{path}': {reason(error)}{cure}") from error


def real_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of an output; a symbolic link is resolved, so that its target is written and the link stays."""
    path = Path(path)
    with writing(path):
        return path.resolve() if path.is_symlink() else path


@contextmanager
def uninterrupted() -> Iterator[list[int]]:
    """Defer Ctrl-C until the end of the ``with`` block, so that the block is completed; blocks nest.

    SIGTERM is deferred as well if it has a handler. Yields the list of deferred signals, which the block clears if they
    no longer matter.
    """
    held_back: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield held_back  # only the main thread is interrupted
        return
    held = [signal.SIGINT, *([signal.SIGTERM] if callable(signal.getsignal(signal.SIGTERM)) else [])]
    before = [signal.signal(number, lambda number, _frame: held_back.append(number)) for number in held]
    try:
        yield held_back
    finally:
        for number, handler in zip(held, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for late in sorted(set(held_back), reverse=True):  # a SIGTERM before a Ctrl-C
            signal.raise_signal(late)


def reserve(descriptor: int, offset: int, size: int) -> None:
    """Reserve disk space; on systems without such a call, writing may fail later."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, offset, size)
    except OSError as error:
        if error.errno not in _NO_RESERVATION:
            raise


def _events_left_in(part: Path) -> int | None:
    """Return the number of events of an unfinished run in `part`, None if it is not from such a run.

    Raise `FileError` if that run is still active.
    """
    in_use = f"'{part}' is being written by another run; wait for it or choose another output"
    try:
        with h5py.File(part, "r") as left:
            if left.mode != "r":  # HDF5 returns the handle with which this process is writing
                raise FileError(in_use)
            return int(left.attrs["n_events"]) if left.attrs["format"] == FORMAT else None
    except FileError:
        raise
    except BlockingIOError as error:
        raise FileError(in_use) from error
    except H5PY_ERRORS:
        return None


def check_output(path: Path, force: bool) -> None:
    """Raise `FileError` if writing `path` is impossible or would destroy something."""
    if path.name == "-":
        raise FileError("files cannot be written to standard output; give a name instead of '-'")
    with writing(path):
        _check_output(path, path.parent, force)


def _check_output(path: Path, folder: Path, force: bool) -> None:
    if path.is_dir():
        raise FileError(f"'{path}' is a directory; give the name of a file")
    if not folder.is_dir():
        raise FileError(f"cannot write '{path}': there is no directory '{folder}'; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"cannot write '{path}': no permission to write in '{folder}'; choose another output")
    if path.exists() and not path.is_file():
        raise FileError(f"'{path}' is not an ordinary file; choose another output")
    refuse_existing(path, force)
    part = part_path(path)
    check_leftover(journal_path(part), JOURNAL, force)
    if not check_leftover(part, _HDF5, force):
        return
    left = _events_left_in(part)
    if left is None and not force:
        raise _foreign(part)
    if left and not force:
        raise FileError(f"'{part}' holds {left} events of an unfinished run; move it away or overwrite it with --force")


def check_leftover(path: Path, mark: bytes, force: bool) -> bool:
    """Return whether there is more than reserved space in the place of an unfinished file.

    Raise `FileError` for links and pipes, since what they lead to would be overwritten, and, unless `force`, for a file
    that does not begin with `mark`: this program has not put it there.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    require_plain(status, path)
    with path.open("rb") as file:
        begins = file.read(len(mark))
        if not any(begins) and _holds_nothing(file):
            return False
    if not (mark.startswith(begins) or force):  # a machine that stops may leave a part of the mark
        raise _foreign(path)
    return True


def require_plain(status: os.stat_result, path: Path) -> None:
    """Raise `FileError` unless an unfinished file is an ordinary one without another name."""
    what = "a link" if stat.S_ISLNK(status.st_mode) else "not an ordinary file"
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        what = "a file with another name" if stat.S_ISREG(status.st_mode) else what
        raise FileError(f"'{path}' is {what}, and stands where the unfinished file goes; remove it")


def _holds_nothing(file: BinaryIO) -> bool:
    """Return whether the rest of a file is zeros: disk space that was reserved, and not used."""
    rest = file.read(_MOST_RESERVED)
    return not any(rest) and len(rest) < _MOST_RESERVED


def _foreign(path: Path) -> FileError:
    return FileError(
        f"'{path}' stands where the unfinished file goes, and is not from this program, or from a conversion that "
        "was killed; move it away or overwrite it with --force"
    )


def refuse_existing(path: Path, force: bool) -> None:
    """Raise `FileError` if the file exists and may not be overwritten."""
    if path.exists() and not force:
        raise FileError(f"'{path}' already exists; choose another output or overwrite it with --force")
