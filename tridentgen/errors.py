"""Errors that a user can correct; the command line prints them as one line and exits with code 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TridentgenError(Exception):
    """Base class of all errors that the package raises on purpose."""


class InputError(TridentgenError, ValueError):
    """A value that cannot be used. The message names the value, what is wrong with it and the cure."""


class FileError(TridentgenError, OSError):
    """A file that cannot be read or written. The message names the file and the cure."""


class UnfitError(FileError):
    """A file with which a run cannot be resumed: it belongs to a different run or is damaged."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the known word nearest to `word`, or an empty string."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f", did you mean '{match[0]}'?" if match else ""


def one_line(text: str) -> str:
    """Return a text with its line breaks and control characters written as escapes, for terminals and files."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable(text: str) -> str:
    """Return lines of text as they may be printed: control characters but tabs and line breaks written as escapes."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))
