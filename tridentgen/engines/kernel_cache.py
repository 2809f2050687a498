"""The folder of compiled kernels: nothing is loaded from it that others may have written, or that is not whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from tridentgen.errors import TridentgenError

_UNFINISHED = ("new-*", "tmp*")
_LEFT_OVER_S = 3600.0
"""Folders of kernels in the making that are older belong to processes that were killed."""


class CompilerError(TridentgenError):
    """No kernel can be compiled or loaded on this machine; the message gives the reason."""


@dataclass(frozen=True)
class KernelCache:
    """A folder of shared libraries, each named after its key and the SHA-256 of its content.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @classmethod
    def of_user(cls) -> KernelCache:
        """Return the cache in ``$TRIDENTGEN_CACHE``, or in the user's cache folder, and tidy it.

        It may be read-only; then only kernels that are there can be used.

        Raises
        ------
        CompilerError
            The folder cannot be made, belongs to another user, or can be written by others.
        """
        folder = Path(os.environ.get("TRIDENTGEN_CACHE") or user_cache_path("tridentgen")) / "kernels"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = folder.resolve(strict=True)
            flaw = _flaw(folder.stat())
        except OSError as error:
            raise CompilerError(f"cannot write to the cache folder '{folder}': {error.strerror}") from None
        if flaw:
            raise CompilerError(
                f"the cache folder '{folder}' {flaw}, who could run code through it; make it your own with mode 700, "
                "or name another one in TRIDENTGEN_CACHE"
            )
        _remove_left_overs(folder)
        return cls(folder)

    def find(self, key: str) -> Path | None:
        """Return the library of a key, or None; one that is not whole or not trusted is removed."""
        for path in sorted(self.folder.glob(f"{key}.*.so")):
            with suppress(OSError):  # one that cannot be read now may be whole
                if _is_whole(path):
                    return path
                path.unlink()
        return None

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """Give a folder on the same file system in which to make a library, and remove it afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="new-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, key: str, made: Path) -> Path:
        """Move a library made in the workshop to its place, whole even if the machine stops now; return its path.

        It is renamed, so that processes that make the same one do not interfere.
        """
        made.chmod(0o600)
        with made.open("rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
            os.fsync(file.fileno())
        target = self.folder / f"{key}.{digest}.so"
        made.replace(target)
        _fsync_folder(self.folder)
        return target


def _flaw(status: os.stat_result) -> str:
    """Return why a file or folder cannot be trusted, or nothing: others own it, or may write to it."""
    if hasattr(os, "geteuid") and status.st_uid not in (0, os.geteuid()):
        return f"belongs to another user (uid {status.st_uid})"
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by other users"
    return ""


def _is_whole(path: Path) -> bool:
    """Return whether a library is an ordinary file of this user with the content that its name promises."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or _flaw(status):
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == path.name.split(".")[1]


def _remove_left_overs(folder: Path) -> None:
    """Remove what processes that were killed left in the making."""
    with suppress(OSError):
        for pattern in _UNFINISHED:
            for path in folder.glob(pattern):
                if path.is_dir() and time.time() - path.lstat().st_mtime > _LEFT_OVER_S:
                    shutil.rmtree(path, ignore_errors=True)


def _fsync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    with suppress(OSError):  # not every file system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
