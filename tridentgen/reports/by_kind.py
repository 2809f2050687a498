"""The report of expected events for each kind of reaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tridentgen.cards import Card
from tridentgen.errors import InputError
from tridentgen.processes.kinds import CEVNS, TRIDENT, TRIDENT_EPA, WIMP
from tridentgen.progress import Progress
from tridentgen.reports.pair_rates import pairs_report
from tridentgen.reports.rates import RateReport, plain_report
from tridentgen.reports.recoil_rates import recoil_report
from tridentgen.reports.trident_rates import trident_report

_REPORTS: Mapping[str, Callable[[Card, Progress], RateReport]] = MappingProxyType(
    {
        TRIDENT.name: trident_report,
        TRIDENT_EPA.name: trident_report,
        CEVNS.name: recoil_report,
        WIMP.name: recoil_report,
    }
)
"""Tridents are reported by regime, CEvNS and dark matter by recoil."""

_OF_PAIRS, _DRAWN = (TRIDENT.name, TRIDENT_EPA.name), (CEVNS.name, WIMP.name)


def has_spectra(card: Card) -> bool:
    """Return whether the report of a card has spectra to draw."""
    return card.kind.name in _DRAWN and not decays(card)


def decays(card: Card) -> bool:
    """Return whether a particle of the events of a card decays, so that they are counted one by one."""
    dipole = getattr(card.model, "dipole", None)
    return dipole is not None and bool(dipole.decays)


def rate_report(card: Card, *, all_pairs: bool, progress: Progress) -> RateReport:
    """Return the expected events of a card; raise `InputError` where `all_pairs` does not apply."""
    if all_pairs:
        if card.kind.name not in _OF_PAIRS:
            raise InputError(f"--all-pairs is for tridents; leave it out for {card.kind.events_are}")
        return pairs_report(card, progress)
    report = plain_report if decays(card) else _REPORTS.get(card.kind.name, plain_report)
    return report(card, progress)
