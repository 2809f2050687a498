"""Errors a user can cause and cure; the command line prints them as one line and exits with code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TridentgenError(Exception):
    """Base of all errors the package raises on purpose."""


class InputError(TridentgenError, ValueError):
    """A value that cannot be used. The message names the value, what is wrong with it and the cure."""


class FileError(TridentgenError, OSError):
    """A file that cannot be read or written. The message names the file and the cure."""


class UnfitError(FileError):
    """A file that a run cannot go on with: it is of another run, or damaged."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the known word nearest to `word`, or an empty string."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean '{match[0]}'?" if match else ""
