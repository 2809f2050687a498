"""Which of the weights of an event is its weight: that named CV (NuHepMC G.R.7), the only one, or the one asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tridentgen.errors import FileError, InputError, nearest

CENTRAL = "CV"
"""Name of the weight for the central value in NuHepMC, rule G.R.7."""


class Weights:
    """Takes a weight from each event of a file, and keeps what cross sections need.

    Parameters
    ----------
    path : Path
        What messages call the file.
    wanted : str or None
        Name of the weight, or its number from 0 where weights have no names.
    """

    def __init__(self, path: Path, wanted: str | None) -> None:
        self._path, self._wanted = path, wanted
        self._sum = self._central = 0.0
        self._known = True

    def of(self, names: Sequence[str], values: Sequence[float]) -> float:
        """Return the weight of an event, 1 where it has none.

        Raises
        ------
        InputError
            There are several and none is named CV, or none has the name asked for.
        FileError
            The event has fewer weights than names.
        """
        if not values and not names and self._wanted is None:
            return 1.0
        known = list(names) or [str(place) for place in range(len(values))]
        place = self._place(known)
        central = known.index(CENTRAL) if CENTRAL in known else place if len(known) == 1 else None
        if len(values) < len(known):
            raise FileError(
                f"'{self._path}': an event has {len(values)} weights, the file names {len(known)}; make it again"
            )
        self._sum += values[place]
        if central is None:
            self._known = False
        else:
            self._central += values[central]
        return values[place]

    @property
    def factor(self) -> float | None:
        """Cross section for the weight taken, over that for CV, which files state; None where there is no CV."""
        if not self._known:
            return None
        return self._sum / self._central if self._central else 1.0

    def _place(self, names: list[str]) -> int:
        if self._wanted is not None:
            if not names:
                raise InputError(f"--weight {self._wanted}: '{self._path}' has no weights; leave it out")
            if self._wanted not in names:
                raise InputError(
                    f"--weight {self._wanted}: '{self._path}' has no such weight"
                    f"{nearest(self._wanted, names)}; choose one of {', '.join(names)}"
                )
            return names.index(self._wanted)
        if CENTRAL in names:
            return names.index(CENTRAL)
        if len(names) == 1:
            return 0
        raise InputError(
            f"'{self._path}' has {len(names)} weights and none is named {CENTRAL}: choose with --weight NAME, "
            f"one of {', '.join(names)}"
        )
