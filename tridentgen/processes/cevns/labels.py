"""Names of the channels of CEvNS: source component, nuclide, final state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

ELASTIC, UPSCATTERING = "elastic", "upscattering"
"""Final states: the neutrino as it was, and the heavy neutral lepton of the dipole portal."""


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
