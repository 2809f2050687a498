"""Names of the regimes of tridents."""

from __future__ import annotations

from collections.abc import Sequence

INCOHERENT = ("proton", "neutron")
"""Regimes that are summed under the name ``incoherent``."""


def regime_rows(regimes: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the rows of a table by regime, and the regimes summed in each: single regimes, incoherent and total."""
    rows: list[tuple[str, tuple[str, ...]]] = [(name, (name,)) for name in regimes]
    if set(INCOHERENT) <= set(regimes):
        rows.append(("incoherent", INCOHERENT))
    if len(regimes) > 1 and set(regimes) != set(INCOHERENT):
        rows.append(("total", tuple(regimes)))
    return rows
