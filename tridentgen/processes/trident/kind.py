"""Tridents as kinds of reactions: in the full phase space, and in the equivalent-photon approximation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.trident.card import read_trident
from tridentgen.processes.trident.columns import REGIME_NAMES, columns_of_file
from tridentgen.processes.trident.observables import OTHER_KINETIC, TRIDENT_AXES, TRIDENT_OBSERVABLES
from tridentgen.processes.trident.particles import TridentRecords


def _regimes(_attributes: Mapping[str, Any]) -> Mapping[int, str]:
    return MappingProxyType(dict(enumerate(REGIME_NAMES)))


TRIDENT = ReactionKind(
    name="trident",
    events_are="tridents",
    read=partial(read_trident, "trident"),
    columns=columns_of_file,
    observables=TRIDENT_OBSERVABLES,
    axes=TRIDENT_AXES,
    sorts=MappingProxyType({"regime": Sort("regimes", "", "regime", _regimes)}),
    groups="regime",
    veto=OTHER_KINETIC,
    particles=TridentRecords,
    required=("neutrino", "leptons", "target"),
    defaults=MappingProxyType({"regimes": ["coherent"]}),
    spellings=("tridents", "neutrino-trident"),
)

TRIDENT_EPA = replace(
    TRIDENT, name="trident-epa", read=partial(read_trident, "trident-epa"), spellings=("epa", "tridentepa")
)
