"""Names of the sampling channels of CEvNS: source component, nuclide, final state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

ELASTIC, UPSCATTERING = "elastic", "upscattering"
"""Final states: the unchanged neutrino, and the heavy neutral lepton of the dipole portal."""
UPSCATTERING_PROTON, UPSCATTERING_NEUTRON = "upscattering-proton", "upscattering-neutron"
"""Upscattering on a single proton or neutron of the nucleus."""


class ChannelName(NamedTuple):
    """Components of the name of a sampling channel of CEvNS; `final` is ``elastic`` or ``upscattering``."""

    component: str
    nuclide: str
    final: str


def channel_names(attributes: Mapping[str, Any]) -> tuple[ChannelName, ...]:
    """Return the sampling channels of a CEvNS file in the order of their codes; none for other files."""
    given = str(attributes.get("channel_names", ""))
    return tuple(_channel_name(text) for text in given.split(",")) if given else ()


def _channel_name(text: str) -> ChannelName:
    """Split ``prompt-numu/Cs133``, or ``prompt-numu/Cs133/upscattering``."""
    component, nuclide, final = (*text.split("/", 2), "", "")[:3]
    return ChannelName(component, nuclide, final or ELASTIC)
