"""Cuts on cards and command lines: ``[cuts]``, or options ``KEY=VALUE`` with the same keys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tridentgen.errors import InputError
from tridentgen.events.observables import Cut, Observable, limits_of
from tridentgen.toml.positions import BARE_KEY
from tridentgen.toml.tables import FINITE, NOT_NEGATIVE, Document, Override, Table, toml_value


@dataclass(frozen=True)
class CutsCard:
    """Cuts on observables: ``[cuts]``, in the order of the card."""

    cuts: tuple[Cut, ...] = ()

    @property
    def limits(self) -> Mapping[str, tuple[float, float]]:
        """Observable to (min, max) in the units of the events, infinite where open."""
        return MappingProxyType(limits_of(self.cuts))


def read_cuts_table(table: Table, observables: Sequence[Observable]) -> CutsCard:
    """Return the cuts of a table; mistakes are noted in its document."""
    cuts: list[Cut] = []
    given = list(table.data)

    def place(seen: Observable) -> int:
        return min((given.index(key) for key in seen.keys if key in given), default=len(given))

    for seen in sorted(observables, key=place):  # in the card's order, for the rates after each cut
        bounds = seen.keys
        allowed = FINITE if seen.signed else NOT_NEGATIVE
        low, high = (table.read(key, allowed, None) for key in bounds)
        if low is not None and high is not None and low >= high:
            table.complain(bounds[1], f"must be greater than cuts.{bounds[0]} = {low:g}, not {high:g}")
        if low is not None or high is not None:
            lowest = -math.inf if low is None else low * seen.factor
            cuts.append(Cut(seen, lowest, math.inf if high is None else high * seen.factor))
    return CutsCard(tuple(cuts))


def cut_overrides(options: Sequence[str]) -> list[Override]:
    """Return the values that options ``KEY=VALUE`` give to keys of [cuts]; raise `InputError` for any other text."""
    found: dict[str, Override] = {}
    for typed in options:
        key, equals, value = typed.partition("=")
        if not equals or not BARE_KEY.fullmatch(key.strip()):
            raise InputError(f"--cut {typed}: must be KEY=VALUE, such as m2_ll_max_GeV2=0.2")
        name = key.strip()
        if name in found:
            raise InputError(f"{found[name].origin} and --cut {typed}: give {name} once, with the tighter of the two")
        found[name] = Override(("cuts", name), toml_value(value.strip()), f"--cut {typed}")
    return list(found.values())


def cuts_of_options(options: Sequence[str], observables: Sequence[Observable]) -> tuple[CutsCard, tuple[str, ...]]:
    """Return the cuts that options ``KEY=VALUE`` make, and a line for each mistake in them."""
    document = Document("", "--cut", cut_overrides(options))
    root = Table(document, (), document.data)
    cuts = read_cuts_table(root.table("cuts"), observables)
    root.finish()
    return cuts, document.messages
