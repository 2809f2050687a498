"""Events in memory, and what their weights say about them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column
from tridentgen.errors import InputError, nearest
from tridentgen.events.groups import Group
from tridentgen.events.hdf5 import CHUNK_ROWS, EventWriter
from tridentgen.events.labels import neutrino_name, nuclide_name
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import EventFile, open_events
from tridentgen.events.weights import OVERWEIGHT_SHARE
from tridentgen.processes.cevns.labels import channel_names
from tridentgen.processes.trident.columns import TRIDENT_COLUMNS
from tridentgen.processes.trident.labels import regime_name

Coupling = float | NDArray[np.float64]


class ChiralCouplings(Protocol):
    """Anything with the couplings of a trident process, c_L = V + A and c_R = V - A."""

    @property
    def c_l(self) -> Coupling: ...  # noqa: D102

    @property
    def c_r(self) -> Coupling: ...  # noqa: D102


@dataclass(frozen=True)
class Events:
    """Weighted events by column.

    Attributes
    ----------
    columns
        Arrays by name, ``(N,)`` or ``(N, 4)``, all of one length, in the units of `schema`.
    attributes
        What is known of the run: the root attributes of an event file.
    groups
        Arrays kept beside the events, by path: ``groups["sampling/0"]["map"]``.
    schema
        Units and meaning of the columns.
    """

    columns: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    groups: Mapping[str, Group] = field(default_factory=dict)
    schema: tuple[Column, ...] = TRIDENT_COLUMNS

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.columns.values()}
        if len(lengths) != 1:
            raise InputError("events need columns, all of one length")
        known = [column.name for column in self.schema]
        for name in self.columns:
            if name not in known:
                raise InputError(f"unknown column '{name}'{nearest(name, known)}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.columns:
            raise InputError(f"these events have no column '{name}'{nearest(name, self.columns)}")
        return self.columns[name]

    @property
    def n_trials(self) -> int:
        """Number of points tried for these events; the number of events where the attribute is not given."""
        return int(self.attributes.get("n_trials", len(self)))

    @property
    def sum_weights(self) -> float:
        """Sum of all weights in cm^2: the flux-averaged cross section, of which a shard has only its part."""
        return float(np.sum(self["weight"]))

    @property
    def effective_share(self) -> float:
        """Share of effective events, (sum w)^2 / (n_trials sum w^2): 1 where all trials have one weight."""
        return _effective_share(self.sum_weights, float(np.sum(self["weight"] ** 2)), self.n_trials)

    def unweighting_efficiency(self, overweight_share: float = OVERWEIGHT_SHARE) -> float:
        """Share of trials that unweighting keeps: mean(w) / w_max.

        w_max is the weight above which the events carry `overweight_share` of the total weight.
        """
        if not 0.0 <= overweight_share < 1.0:
            raise InputError(f"overweight_share = {overweight_share} must lie in [0, 1)")
        w_max = _maximum_weight([self["weight"]], self.sum_weights, overweight_share)
        return self.sum_weights / (self.n_trials * w_max) if w_max > 0.0 else 0.0

    @overload
    def reweight(self, c_l: ChiralCouplings) -> Events: ...

    @overload
    def reweight(self, c_l: Coupling, c_r: Coupling) -> Events: ...

    def reweight(self, c_l: ChiralCouplings | Coupling, c_r: Coupling | None = None) -> Events:
        """Return the same events with the weights of other couplings.

        weight = c_L^2 weight_ll + c_R^2 weight_rr + c_L c_R weight_lr holds exactly, event by event.

        Parameters
        ----------
        c_l, c_r
            c_L = V + A and c_R = V - A, numbers or one per event ``(N,)``; or one object that has both as
            attributes `c_l` and `c_r`.

        Returns
        -------
        Events
            With new `weight`, and without `weight_t` and `weight_l`, which other couplings would share out
            differently; the attributes sigma, sigma_error, sum_w, sum_w2, vector_coupling and
            axial_coupling follow, those of a shard as estimates of the whole. sigma_error is then the error of these
            events alone, sqrt(sum w^2 - (sum w)^2 / n_trials).

        Raises
        ------
        InputError
            The events lack the three partial weights, or `c_r` is missing.
        """
        if c_r is None:
            if not (hasattr(c_l, "c_l") and hasattr(c_l, "c_r")):
                raise InputError("reweight takes c_l and c_r, or one object that has both")
            return self.reweight(c_l.c_l, c_l.c_r)
        left, right = np.asarray(c_l, dtype=float), np.asarray(c_r, dtype=float)
        weight = left**2 * self["weight_ll"] + right**2 * self["weight_rr"] + left * right * self["weight_lr"]
        part = part_of_run(self.attributes)
        whole = weight if part is None else weight * part.factor
        sum_w, sum_w2 = float(np.sum(whole)), float(np.sum(whole**2))
        error = math.sqrt(max(sum_w2 - sum_w**2 / self.n_trials, 0.0)) if len(self) else 0.0
        sums = {"sigma": sum_w, "sigma_error": error, "sum_w": sum_w, "sum_w2": sum_w2}
        attributes: dict[str, Any] = {**self.attributes, **sums}
        for name, value in (("vector_coupling", 0.5 * (left + right)), ("axial_coupling", 0.5 * (left - right))):
            attributes.pop(name, None)
            if np.ndim(value) == 0:  # else there is another one for each event
                attributes[name] = float(value)
        columns = {name: values for name, values in self.columns.items() if name not in ("weight_t", "weight_l")}
        return replace(self, columns={**columns, "weight": weight}, attributes=attributes)

    def to_hdf5(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write an event file; raise `FileError` where that fails or, without `force`, the file exists."""
        columns = [column for column in self.schema if column.name in self.columns]
        chunk_rows = min(CHUNK_ROWS, max(len(self), 1))
        with EventWriter(path, columns, self.attributes, force=force, chunk_rows=chunk_rows) as writer:
            writer.append(self.columns)
            for name, group in self.groups.items():
                writer.write_group(name, group.arrays, group.attributes)
            writer.close(complete=bool(self.attributes.get("complete", 1)))


def read(path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> Events:
    """Read an event file into memory.

    Parameters
    ----------
    path
        The file.
    columns
        Names of the columns to read; all of them by default.

    Raises
    ------
    FileError
        The file is missing, cut short, damaged, no event file, or lacks columns.
    InputError
        A name in `columns` is not in the file.
    """
    with open_events(path) as file:
        names = [column.name for column in file.columns] if columns is None else columns
        return Events({name: file.column(name) for name in names}, file.attributes, file.groups(), file.columns)


def summary(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Describe an event file, block by block so that its size does not matter.

    Returns
    -------
    dict
        ``path``, ``attributes``, ``events``, ``columns`` (name, units, description, shape), ``groups``
        (paths), ``shard`` (first, last and total: which events of the run these are; None for a whole run),
        ``sum_weight`` in cm^2, ``sum_weight_over_sigma`` (None without sigma), ``effective_share``,
        ``unweighting_efficiency``, and events, sum_weight and share of each of the ``regimes`` of tridents or the
        ``components`` of the source, ``flavours``, ``isotopes`` and ``final_states`` of coherent scattering.

    Raises
    ------
    FileError
        As `read`.
    """
    with open_events(path) as file:
        sums = _Sums.of(file)
        w_max = _maximum_weight((b["weight"] for b in file.blocks(["weight"])), sums.weight, OVERWEIGHT_SHARE)
        sigma, trials = file.attributes.get("sigma"), int(file.attributes.get("n_trials", file.rows))
        part = part_of_run(file.attributes, file.path)
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
            "effective_share": _effective_share(sums.weight, sums.weight2, trials),
            "unweighting_efficiency": sums.weight / (trials * w_max) if w_max > 0.0 else 0.0,
            **sums.shares(file.attributes),
        }


@dataclass
class _Sums:
    """Sums over the blocks of a file; events and weight by the codes of the columns that sort the events."""

    weight: float = 0.0
    weight2: float = 0.0
    by_code: dict[str, dict[int, tuple[int, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, file: EventFile) -> _Sums:
        sorting = ["regime", "flavour", "isotope", *(["channel"] if channel_names(file.attributes) else [])]
        present = [c.name for c in file.columns if c.name in sorting]
        sums = cls(by_code={name: {} for name in present})
        for block in file.blocks(["weight", *present]):
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

    def shares(self, attributes: Mapping[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
        """Return events, weight and share by the names of regimes, components, flavours, isotopes and final states."""
        channels = dict(enumerate(channel_names(attributes)))
        sorted_by: dict[str, tuple[str, Callable[[int], str]]] = {
            "regimes": ("regime", regime_name),
            "components": ("channel", lambda code: channels[code].component if code in channels else str(code)),
            "flavours": ("flavour", neutrino_name),
            "isotopes": ("isotope", nuclide_name),
            "final_states": ("channel", lambda code: channels[code].final if code in channels else str(code)),
        }
        return {key: self._by_name(*where) for key, where in sorted_by.items()}

    def _by_name(self, column: str, name_of: Callable[[int], str]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        codes = self.by_code.get(column, {})
        for code in sorted(codes, key=lambda code: (abs(code), code < 0)):
            events, total = codes[code]
            part = found.setdefault(name_of(code), {"events": 0, "sum_weight": 0.0, "share": 0.0})
            part["events"] += events
            part["sum_weight"] += total
            part["share"] += total / self.weight if self.weight else 0.0
        return found


def _effective_share(sum_w: float, sum_w2: float, trials: int) -> float:
    return sum_w**2 / (trials * sum_w2) if trials and sum_w2 else 0.0


def _maximum_weight(blocks: Iterable[NDArray[np.float64]], total: float, share: float) -> float:
    """Return the weight above which the events carry at most `share` of `total`, the sum of all blocks.

    Only candidates are kept from block to block, about ``share`` of the events: memory stays flat.
    """
    top = np.zeros(1)
    for block in blocks:
        falling = np.sort(np.concatenate([top, block[block > 0.0]]))[::-1]
        above = int(np.searchsorted(np.cumsum(falling), share * total, side="right"))
        top = falling[: above + 1]
    return float(top[-1])
