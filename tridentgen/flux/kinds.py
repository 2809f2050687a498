"""All kinds of flux by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tridentgen.flux.atmospheric import KIND as ATMOSPHERIC
from tridentgen.flux.diffuse_supernova import KIND as DIFFUSE_SUPERNOVA
from tridentgen.flux.facility import KIND as FACILITY
from tridentgen.flux.files import KIND as FILE
from tridentgen.flux.halo import KIND as HALO
from tridentgen.flux.histogram import KIND as HISTOGRAM
from tridentgen.flux.kind import FluxKind
from tridentgen.flux.monochromatic import KIND as MONOCHROMATIC
from tridentgen.flux.muon_decay import KIND as MUON_DECAY
from tridentgen.flux.power_law import KIND as POWER_LAW
from tridentgen.flux.reactor import KIND as REACTOR
from tridentgen.flux.solar import KIND as SOLAR
from tridentgen.flux.stopped_pion import KIND as STOPPED_PION
from tridentgen.flux.supernova import KIND as SUPERNOVA

_KINDS = (
    MONOCHROMATIC,
    POWER_LAW,
    HISTOGRAM,
    FILE,
    FACILITY,
    MUON_DECAY,
    STOPPED_PION,
    REACTOR,
    SOLAR,
    ATMOSPHERIC,
    DIFFUSE_SUPERNOVA,
    SUPERNOVA,
    HALO,
)

KINDS: Mapping[str, FluxKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""The kinds of flux by name, in the order of listings."""
