"""Shards: files with a range of the events of a run, whose weights are those of the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tridentgen.errors import FileError


@dataclass(frozen=True)
class PartOfRun:
    """Events `first` to `last`, both included, of a run of `total` events."""

    first: int
    last: int
    total: int

    @property
    def factor(self) -> float:
        """Factor of the weights with which these events alone estimate the whole cross section."""
        return self.total / (self.last - self.first + 1)

    def __str__(self) -> str:
        """Return the range of events as text."""
        return f"events {self.first} to {self.last} of a run of {self.total}"


def part_of_run(attributes: Mapping[str, Any], path: Path | None = None) -> PartOfRun | None:
    """Return the range of events of a shard; None if the weights of the file sum to the cross section.

    The latter holds for a whole run, for an interrupted run, which was rescaled, and for an unweighted run. Raise
    `FileError`, which names the file at `path`, for inconsistent attributes.
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
        raise FileError(f"{where}: invalid range of events of a run: {told}; make the file again or take a fresh copy")
    return None if count == total else PartOfRun(first, first + count - 1, total)
