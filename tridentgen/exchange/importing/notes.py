"""Warnings of a reader about a file whose events are not taken literally."""

from __future__ import annotations

from pathlib import Path


class Notes:
    """Number of occurrences, and the first example, of each kind of warning."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, example: str) -> None:
        """Count one more of a kind."""
        count, first = self._seen.get(kind, (0, example))
        self._seen[kind] = (count + 1, first)

    def lines(self, path: Path) -> tuple[str, ...]:
        """Return a line for each kind."""
        return tuple(
            f"'{path}': {kind}: {first}" + (f"; {count} in all" if count > 1 else "")
            for kind, (count, first) in self._seen.items()
        )
