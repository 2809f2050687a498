"""What a reader has to say of a file whose events it does not take as they stand."""

from __future__ import annotations

from pathlib import Path


class Notes:
    """Counts what was noticed and keeps the first example of each kind."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def add(self, kind: str, example: str) -> None:
        """Take down one more of a kind."""
        count, first = self._seen.get(kind, (0, example))
        self._seen[kind] = (count + 1, first)

    def lines(self, path: Path) -> tuple[str, ...]:
        """Return a line for each kind."""
        return tuple(
            f"'{path}': {kind}: {first}" + (f"; so in {count} places" if count > 1 else "")
            for kind, (count, first) in self._seen.items()
        )
