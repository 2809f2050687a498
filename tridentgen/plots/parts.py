"""The lines of a picture: which events belong to each, what it is called and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.analysis.histograms import FloatArray
from tridentgen.events import labels
from tridentgen.events.events import Events
from tridentgen.plots import names
from tridentgen.plots.style import COLOURS, DASHES, Dashes
from tridentgen.processes.cevns.labels import ELASTIC, channel_names
from tridentgen.processes.trident.columns import REGIME_NAMES

TOTAL = "total"
_MOST = len(COLOURS)
"""Lines that can be told apart; of more, the smallest are put together."""

_GREY = "#7F7F7F"


@dataclass(frozen=True)
class Part:
    """One line: its name, style, and events ``(N,)``; `factor` ``(N,)`` multiplies their weights."""

    label: str
    colour: str
    dashes: Dashes
    mask: NDArray[np.bool_]
    factor: FloatArray | None = None


def parts_of(events: Events, sort: str) -> list[Part]:
    """Return the lines of events sorted by ``regime``, ``component``, ``isotope``, ``flavour`` or ``final_state``.

    That is each sort there is, and their sum before them if there are several; only the sum where the events are not
    sorted that way.
    """
    everything = np.ones(len(events), dtype=bool)
    total = Part(TOTAL, "black", "-", everything)
    found = _SORTS[sort](events)
    if found is None:
        return [total]
    codes, told = found
    parts = [
        Part(label, COLOURS[place % _MOST], DASHES[place % _MOST], codes == place)
        for place, label in enumerate(told)
        if np.any(codes == place)
    ]
    if len(parts) > _MOST:
        parts = _largest(parts, events["weight"])
    return [total, *parts] if len(parts) != 1 else parts


def kept_by_detector(events: Events) -> Part:
    """Return the line of what the detector keeps of all events."""
    everything = np.ones(len(events), dtype=bool)
    return Part("kept by the detector", _GREY, (0, (1, 1)), everything, events["acceptance"])


def _largest(parts: Sequence[Part], weight: FloatArray) -> list[Part]:
    """Keep the largest parts in their order, and put the others together."""
    sizes = [float(np.sum(weight[part.mask])) for part in parts]
    kept = sorted(sorted(range(len(parts)), key=lambda i: -sizes[i])[: _MOST - 1])
    rest = np.logical_or.reduce([part.mask for i, part in enumerate(parts) if i not in kept])
    chosen = [Part(parts[i].label, COLOURS[place], DASHES[place], parts[i].mask) for place, i in enumerate(kept)]
    return [*chosen, Part("other", _GREY, "--", rest)]


Sorted = tuple[NDArray[Any], Sequence[str]] | None
"""The place of every event's label, and the labels; None where the events are not sorted that way."""


def _by_regime(events: Events) -> Sorted:
    return (events["regime"], REGIME_NAMES) if "regime" in events.columns else None


def _by_component(events: Events) -> Sorted:
    components = [channel.component for channel in channel_names(events.attributes)]
    if len(set(components)) > _MOST:
        components = [names.component_origin(component) for component in components]
    return _by_channel(events, components, names.component_name)


def _by_final_state(events: Events) -> Sorted:
    finals = [channel.final for channel in channel_names(events.attributes)]
    told = {ELASTIC: r"$\nu$ (elastic)", "upscattering": r"$N$ (upscattering)"}
    return _by_channel(events, finals, lambda final: told.get(final, final))


def _by_channel(events: Events, of_channel: Sequence[str], told: Callable[[str], str]) -> Sorted:
    """Sort by what the channel says."""
    if not of_channel or "channel" not in events.columns:
        return None
    distinct = list(dict.fromkeys(of_channel))
    place = np.array([distinct.index(name) for name in of_channel])
    return place[np.clip(events["channel"], 0, len(place) - 1)], [told(name) for name in distinct]


def _by_flavour(events: Events) -> Sorted:
    return _by_code(events, "flavour", lambda code: names.neutrino_name(labels.neutrino_name(code)))


def _by_isotope(events: Events) -> Sorted:
    return _by_code(events, "isotope", lambda code: names.nuclide_name(labels.nuclide_name(code)))


def _by_code(events: Events, column: str, told: Callable[[int], str]) -> Sorted:
    """Sort by a PDG code, particles before their antiparticles."""
    if column not in events.columns:
        return None
    codes, places = np.unique(events[column], return_inverse=True)
    order = sorted(range(len(codes)), key=lambda i: (abs(int(codes[i])), int(codes[i]) < 0))
    rank = np.argsort(order)
    return rank[places.ravel()], [told(int(codes[i])) for i in order]


_SORTS: dict[str, Callable[[Events], Sorted]] = {
    "regime": _by_regime,
    "component": _by_component,
    "final_state": _by_final_state,
    "flavour": _by_flavour,
    "isotope": _by_isotope,
}
