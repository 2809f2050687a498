"""The lines of a picture: their events, labels and styles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.events.events import Events
from tridentgen.plots import names
from tridentgen.plots.style import COLOURS, DASHES, Dashes
from tridentgen.processes.kinds import kind_in
from tridentgen.typing import FloatArray

TOTAL = "total"
_MOST = len(COLOURS)
"""Maximum number of distinguishable lines; beyond it the smallest are combined."""

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
    """Return the lines of events sorted by the `Sort` of that name.

    That is each class present, preceded by their sum if there are several; only the sum if the events are not sorted
    that way.
    """
    everything = np.ones(len(events), dtype=bool)
    total = Part(TOTAL, "black", "-", everything)
    found = _sorted_by(events, sort)
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


def accepted_by_detector(events: Events) -> Part:
    """Return the line of all events that the detector accepts."""
    everything = np.ones(len(events), dtype=bool)
    return Part("accepted by the detector", _GREY, (0, (1, 1)), everything, events["acceptance"])


def _largest(parts: Sequence[Part], weight: FloatArray) -> list[Part]:
    """Return the largest parts in their order, and the others combined."""
    sizes = [float(np.sum(weight[part.mask])) for part in parts]
    kept = sorted(sorted(range(len(parts)), key=lambda i: -sizes[i])[: _MOST - 1])
    rest = np.logical_or.reduce([part.mask for i, part in enumerate(parts) if i not in kept])
    chosen = [Part(parts[i].label, COLOURS[place], DASHES[place], parts[i].mask) for place, i in enumerate(kept)]
    return [*chosen, Part("other", _GREY, "--", rest)]


Sorted = tuple[NDArray[Any], Sequence[str]] | None
"""Index of the label of every event, and the labels; None if the events are not sorted that way."""


def _sorted_by(events: Events, name: str) -> Sorted:
    """Return the class of each event, and the names of the classes in pictures."""
    kind = kind_in(events.attributes)
    sort = None if kind is None else kind.sorts.get(name)
    if sort is None or sort.column not in events.columns:
        return None
    labels = sort.labels(events.attributes)
    codes, places = np.unique(events[sort.column], return_inverse=True)
    # Particles before their antiparticles; also classes without events, to keep the colours fixed.
    order = sorted({*map(int, codes), *labels}, key=lambda code: (abs(code), code < 0))
    called = {code: labels[code] if code in labels else sort.name_of(code) for code in order}
    if sort.typeset == "component" and len(set(called.values())) > _MOST:
        called = {code: names.component_origin(label) for code, label in called.items()}
    classes = list(dict.fromkeys(called.values()))
    place = np.array([classes.index(called[int(code)]) for code in codes], dtype=np.int64)
    return place[places.ravel()], [names.typeset(label, sort.typeset) for label in classes]
