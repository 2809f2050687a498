"""Summary of an event file: its size, its weights, and the share of each class of its events in the cross section."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import EventFile, name_unnormalised, open_events
from tridentgen.events.stated_exposure import StatedExposure
from tridentgen.events.weights import OVERWEIGHT_SHARE, effective_share, maximum_weight, unweighting_efficiency
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.kinds import kind_in, kind_named, kind_names


def summary(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Describe an event file of any size, block by block.

    Returns
    -------
    dict
        ``path``, ``attributes``, ``events``, ``columns`` (name, units, description, shape), ``groups``
        (paths), ``shard`` (first, last and total: the range of events of the run; None for a whole run),
        ``sum_weight`` in cm^2, ``sum_weight_over_sigma`` (None without sigma), ``effective_share``,
        ``unweighting_efficiency`` (that of the run, or else of these events), ``unweighted``, ``overweight_events``
        (None if weighted), ``poisson_mean`` (None unless the number of events is a Poisson number),
        ``expected_events`` and ``expected_events_error`` (None without exposure), ``exposure`` (``words``, ``amount``,
        ``value``, ``events_per_cm2``, ``equivalent`` and ``share`` of it; None without), ``placement`` (``volumes``,
        ``beam``, ``spill``; None without), and events, sum_weight and share of each class of the events: ``regimes`` of
        tridents, ``components`` of the source, ``flavours``, ``isotopes`` and ``final_states`` of CEvNS, and
        ``headings``, the lines above them in a report. Classes that the events lack are empty.

    Raises
    ------
    FileError
        As for `read`.
    """
    with open_events(path) as file:
        kind = kind_in(file.attributes)
        name_unnormalised(file)
        sums = _Sums.of(file, kind)
        sigma, trials = file.attributes.get("sigma"), int(file.attributes.get("n_trials", file.rows))
        part = part_of_run(file.attributes, file.path)
        efficiency = unweighting_efficiency(file.attributes)
        return {
            "path": str(Path(path)),
            "attributes": dict(file.attributes),
            "events": file.rows,
            "columns": [
                {"name": c.name, "units": c.units, "description": c.description, "shape": list(c.shape)}
                for c in file.columns
            ],
            "groups": sorted(file.groups()),
            "shard": None if part is None else asdict(part),
            "sum_weight": sums.weight,
            "sum_weight_over_sigma": sums.weight / sigma if sigma else None,
            "effective_share": effective_share(sums.weight, sums.weight2, trials),
            "unweighting_efficiency": _efficiency(file, sums.weight, trials) if efficiency is None else efficiency,
            "unweighted": bool(file.attributes.get("unweighted", 0)),
            "overweight_events": file.attributes.get("overweight_events"),
            "poisson_mean": _number(file, "poisson_mean"),
            "expected_events": _number(file, "expected_events"),
            "expected_events_error": _number(file, "expected_events_error"),
            "exposure": _exposure(file),
            "placement": _placement(file),
            **sums.shares(file.attributes),
        }


def _efficiency(file: EventFile, total: float, trials: int) -> float:
    """Return the unweighting efficiency with w_max of the events themselves."""
    w_max = maximum_weight((block["weight"] for block in file.sound_blocks(["weight"])), total, OVERWEIGHT_SHARE)
    return total / (trials * w_max) if w_max > 0.0 else 0.0


def _number(file: EventFile, name: str) -> float | None:
    return float(file.attributes[name]) if name in file.attributes else None


def _exposure(file: EventFile) -> dict[str, Any] | None:
    stated = StatedExposure.of(file.attributes, file.path)
    return None if stated is None else {**asdict(stated), "share": stated.share}


def _placement(file: EventFile) -> dict[str, Any] | None:
    """Return volumes, beam and spill of placed events; raise `FileError` for a text that does not give them."""
    if "placement" not in file.attributes:
        return None
    with suppress(ValueError, LookupError, TypeError, AttributeError):
        found = json.loads(str(file.attributes["placement"]))
        spill = found["spill"] and {"kind": found["spill"]["kind"], **found["spill"]}
        volumes = [{"shape": volume["shape"], **volume} for volume in found["volumes"]]
        return {**found, "volumes": volumes, "beam": dict(found["beam"]), "spill": spill}
    raise FileError(f"'{file.path}': the attribute placement does not give volumes, beam and spill; take a fresh copy")


@dataclass
class _Sums:
    """Sums over the blocks of a file; events and weight by the codes of the labels that sort the events."""

    sorts: Mapping[str, Sort]
    weight: float = 0.0
    weight2: float = 0.0
    by_code: dict[str, dict[int, tuple[int, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: EventFile, kind: ReactionKind | None) -> _Sums:
        present = {column.name for column in file.columns}
        sorts = {} if kind is None else {n: sort for n, sort in kind.sorts.items() if sort.column in present}
        labels = dict.fromkeys(sort.column for sort in sorts.values())
        sums = cls(sorts, by_code={name: {} for name in labels})
        for block in file.sound_blocks(["weight", *labels]):
            sums.add(block)
        return sums

    def add(self, block: Mapping[str, NDArray[Any]]) -> None:
        weight = block["weight"]
        self.weight += float(np.sum(weight))
        self.weight2 += float(np.sum(weight**2))
        for name, found in self.by_code.items():
            codes, places, numbers = np.unique(block[name], return_inverse=True, return_counts=True)
            totals = np.bincount(places.ravel(), weight, len(codes))
            for code, more, total in zip(codes.tolist(), numbers.tolist(), totals.tolist(), strict=True):
                events, so_far = found.get(code, (0, 0.0))
                found[code] = (events + more, so_far + total)

    def shares(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Return events, weight and share of each class, by the plural of its sort."""
        every: dict[str, Any] = {sort.plural: {} for name in kind_names() for sort in kind_named(name).sorts.values()}
        mine = {sort.plural: self._by_name(sort, attributes) for sort in self.sorts.values()}
        shown = {sort.plural: sort.heading for sort in self.sorts.values() if len(mine[sort.plural]) >= sort.least}
        return {**every, **mine, "headings": shown}

    def _by_name(self, sort: Sort, attributes: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        codes, labels = self.by_code[sort.column], sort.labels(attributes)
        for code in sorted(codes, key=lambda code: (abs(code), code < 0)):
            events, total = codes[code]
            name = labels[code] if code in labels else sort.name_of(code)
            part = found.setdefault(name, {"events": 0, "sum_weight": 0.0, "share": 0.0})
            part["events"] += events
            part["sum_weight"] += total
            part["share"] += total / self.weight if self.weight else 0.0
        return found
