"""The [fit] table of a run card: measured events to which the card's prediction is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tridentgen.toml.tables import NOT_NEGATIVE, POSITIVE, Table, one_of, string

ENERGY_AXES = ("PE", "keVee", "keVnr")
TIME_AXIS = "time_us"
STATISTICS = ("poisson", "gauss")
SIGNAL = "signal"

_SUFFIXES = (".txt", ".dat", ".csv")


@dataclass(frozen=True)
class BackgroundCard:
    """An element of ``[[fit.background]]``: a file with a number for each bin, known to `sigma`; None: not at all."""

    name: str
    path: str
    sigma: float | None = None


@dataclass(frozen=True)
class SystematicCard:
    """An element of ``[[fit.systematic]]``: files with factors of each bin at one standard deviation, up and down."""

    name: str
    plus: str
    minus: str
    of: str = SIGNAL


@dataclass(frozen=True)
class FitCard:
    """The table ``[fit]``.

    `data` is the name of a measurement, or a file; empty for expected data alone. `systematics` are relative errors by
    name; for shapes, in units of their own standard deviation. The other fields go with a file.
    """

    data: str = ""
    axes: tuple[str, ...] = ("keVee",)
    statistic: str = "poisson"
    systematics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    backgrounds: tuple[BackgroundCard, ...] = ()
    shapes: tuple[SystematicCard, ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether the data come from a file."""
        return is_file(self.data)


def is_file(data: str) -> bool:
    """Return whether the value of `fit.data` is a path and not the name of a measurement."""
    return "/" in data or data.endswith(_SUFFIXES)


def read_fit_table(table: Table) -> FitCard | None:
    """Read the table ``[fit]``; None if the card has none. Mistakes are noted in its document."""
    if not table.present:
        return None
    data = table.read("data", string, "")
    axes = table.read_list("axes", one_of((*ENERGY_AXES, TIME_AXIS)), '["keVee"]') or FitCard.axes
    statistic = table.read("statistic", one_of(STATISTICS), FitCard.statistic)
    errors = table.table("systematics")
    systematics = {name: errors.read(name, NOT_NEGATIVE, 0.0) for name in errors.data}
    backgrounds = tuple(
        BackgroundCard(t.need("name", string, ""), t.need("path", string, ""), t.read("sigma", POSITIVE, None))
        for t in table.tables("background")
    )
    shapes = tuple(_systematic(t) for t in table.tables("systematic"))
    _check(table, data, axes)
    return FitCard(data, axes, statistic, MappingProxyType(systematics), backgrounds, shapes)


def _systematic(table: Table) -> SystematicCard:
    name, plus, minus = (table.need(key, string, "") for key in ("name", "plus", "minus"))
    return SystematicCard(name, plus, minus, table.read("of", string, SIGNAL))


def _check(table: Table, data: str, axes: tuple[str, ...]) -> None:
    """Note keys that do not go together."""
    if not is_file(data):
        own = f"the measurement '{data}' has its own: leave it out" if data else "give it as fit.data"
        for key in ("axes", "statistic", "background", "systematic"):
            if key in table.data:
                table.complain(key, f"goes with a file of data; {own}")
    elif axes[0] == TIME_AXIS or TIME_AXIS not in axes[1:] != ():
        table.complain("axes", f"must be one of {', '.join(ENERGY_AXES)}, and '{TIME_AXIS}' if there is a second axis")
