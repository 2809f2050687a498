"""Shards: files with a part of the events of a run, whose weights are those of the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError


@dataclass(frozen=True)
class PartOfRun:
    """Events `first` to `last`, with both, of a run of `total`."""

    first: int
    last: int
    total: int

    @property
    def factor(self) -> float:
        """What the weights are multiplied with to estimate the whole cross section from these events alone."""
        return self.total / (self.last - self.first + 1)

    def __str__(self) -> str:
        """Return the part in words."""
        return f"events {self.first} to {self.last} of a run of {self.total}"


def part_of_run(attributes: Mapping[str, Any], path: Path | None = None) -> PartOfRun | None:
    """Return which part of a run the events of a file are; None where their weights sum to the cross section.

    That is so for a whole run, for an interrupted one, which was rescaled, and for an unweighted one. Raise
    `FileError`, which names the file at `path`, for attributes that make no sense.
    """
    if "n_run" not in attributes or not attributes.get("complete", 1) or attributes.get("unweighted"):
        return None
    try:
        first, count, total = (int(attributes.get(name, 0)) for name in ("first", "n_requested", "n_run"))
    except (ValueError, OverflowError):
        first, count, total = 0, 0, 0
    if not 0 <= first < first + count <= total:
        told = ", ".join(f"{name} = {attributes.get(name)}" for name in ("first", "n_requested", "n_run"))
        where = "these events" if path is None else f"'{path}'"
        raise FileError(f"{where}: there is no such part of a run as {told}; make the file again or take a fresh copy")
    return None if count == total else PartOfRun(first, first + count - 1, total)
