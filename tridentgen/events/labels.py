"""Names of what events are sorted by: regimes, source components, flavours, nuclides, final states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tridentgen.events.columns import REGIME_NAMES
from tridentgen.matter.nuclei import element_symbols
from tridentgen.matter.particles import NEUTRINOS

ELASTIC = "elastic"

INCOHERENT = ("proton", "neutron")
"""Regimes that are added up under that name."""

_NEUTRINO_NAMES = {neutrino.pdgid: name for name, neutrino in NEUTRINOS.items()}
_NUCLEUS, _PROTON = 1_000_000_000, 2212


class ChannelName(NamedTuple):
    """What a channel of coherent scattering is made of; `final` is ``elastic`` or what the neutrino turns into."""

    component: str
    nuclide: str
    final: str


def channel_names(attributes: Mapping[str, Any]) -> tuple[ChannelName, ...]:
    """Return the channels of a file of coherent scattering in the order of their codes; none for other files."""
    given = str(attributes.get("channel_names", ""))
    return tuple(_channel_name(text) for text in given.split(",")) if given else ()


def _channel_name(text: str) -> ChannelName:
    """Split ``prompt-numu/Cs133``, or ``prompt-numu/Cs133/upscattering``."""
    component, nuclide, final = (*text.split("/", 2), "", "")[:3]
    return ChannelName(component, nuclide, final or ELASTIC)


def neutrino_name(pdgid: int) -> str:
    """Return ``numubar`` for -14, or the code itself where it is no neutrino's."""
    return _NEUTRINO_NAMES.get(pdgid, str(pdgid))


def nuclide_name(pdgid: int) -> str:
    """Return ``Ar40`` for 1000180400 (10LZZZAAAI), ``H1`` for the proton, or the code itself where it is neither."""
    if pdgid == _PROTON:
        return "H1"
    Z, A = pdgid // 10_000 % 1000, pdgid // 10 % 1000
    if pdgid // _NUCLEUS != 1 or not 0 < Z <= len(element_symbols()):
        return str(pdgid)
    return f"{element_symbols()[Z - 1]}{A}"


def regime_name(code: int) -> str:
    """Return ``coherent`` for 0, or the code itself where it is unknown."""
    return REGIME_NAMES[code] if code in range(len(REGIME_NAMES)) else str(code)


def regime_rows(regimes: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the rows of a table by regime, and the regimes that each adds up: themselves, incoherent and total."""
    rows: list[tuple[str, tuple[str, ...]]] = [(name, (name,)) for name in regimes]
    if set(INCOHERENT) <= set(regimes):
        rows.append(("incoherent", INCOHERENT))
    if len(regimes) > 1 and set(regimes) != set(INCOHERENT):
        rows.append(("total", tuple(regimes)))
    return rows
