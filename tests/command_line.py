"""Running a command line in a test, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> str:
        """The error output without lines on inelastic scattering, which is left out of many runs."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if "inelastic scattering" not in line)

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def still() -> float:
    """Return the time of a clock that stands still: no line on progress comes, however long a command takes."""
    return 0.0


Command = Callable[..., Outcome]
"""Takes the words of a command line."""

XSEC = ["--process", "trident", "--nu", "numu", "--leptons", "mu-", "mu+", "--target", "Ar40", "--regime", "coherent"]

CROSS_SECTION_KEYS = [
    "process",
    "nu",
    "leptons",
    "target",
    "regime",
    "energy_GeV",
    "sigma_cm2",
    "error_cm2",
    "chi2_dof",
    "points",
    "engine",
    "seconds",
]
"""Keys of one result of ``xsec --json``, in the order in which a user reads them."""
