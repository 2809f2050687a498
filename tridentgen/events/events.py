"""Events in memory, with sums and reweighting of their weights."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role
from tridentgen.errors import InputError, nearest
from tridentgen.events.groups import Group
from tridentgen.events.hdf5 import CHUNK_ROWS, EventWriter
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import EventFile, name_unnormalised, open_events
from tridentgen.events.stated_exposure import expected_for_exposure, exposure_results
from tridentgen.events.weights import OVERWEIGHT_SHARE, effective_share, maximum_weight

Coupling = float | NDArray[np.float64]

_LARGEST_COUPLING = 1e100
"""Far above any coupling, and far below one whose square overflows."""


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
        Attributes of the run: the root attributes of an event file.
    groups
        Arrays stored besides the events, by path: ``groups["sampling/0"]["map"]``.
    schema
        Units, meaning and roles of the columns; unknown unless given.
    """

    columns: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any]
    groups: Mapping[str, Group] = field(default_factory=dict)
    schema: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        if not self.schema:
            plain = (Column(name, "", "", values.shape[1:], values.dtype.str[1:], Role.UNKNOWN)
                     for name, values in self.columns.items())  # fmt: skip
            object.__setattr__(self, "schema", tuple(plain))
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
        """Number of trials for these events; the number of events if the attribute is missing."""
        return int(self.attributes.get("n_trials", len(self)))

    @property
    def sum_weights(self) -> float:
        """Sum of all weights in cm^2: the flux-averaged cross section; for a shard, only its share of it."""
        return float(np.sum(self["weight"]))

    @property
    def effective_share(self) -> float:
        """Effective sample size (Kish) per trial, (sum w)^2 / (n_trials sum w^2): 1 if all weights are equal."""
        return effective_share(self.sum_weights, float(np.sum(self["weight"] ** 2)), self.n_trials)

    def unweighting_efficiency(self, overweight_share: float = OVERWEIGHT_SHARE) -> float:
        """Unweighting efficiency: fraction of the trials that accept-reject accepts, mean(w) / w_max.

        w_max is the weight above which the events carry `overweight_share` of the total weight.
        """
        if not 0.0 <= overweight_share < 1.0:
            raise InputError(f"overweight_share = {overweight_share} must lie in [0, 1)")
        w_max = maximum_weight([self["weight"]], self.sum_weights, overweight_share)
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
            With new `weight`, and without `weight_t` and `weight_l`, whose ratio depends on the couplings; the
            attributes sigma, sigma_error, sum_w, sum_w2, vector_coupling and axial_coupling are updated, for a shard as
            estimates for the whole run. sigma_error is then the error of these events alone,
            sqrt(sum w^2 - (sum w)^2 / n_trials).

        Raises
        ------
        InputError
            The events lack the three partial weights, `c_r` is missing, or a coupling is not a real, finite number, or
            one per event.
        """
        if c_r is None:
            if not (hasattr(c_l, "c_l") and hasattr(c_l, "c_r")):
                raise InputError("reweight takes c_l and c_r, or one object that has both")
            return self.reweight(c_l.c_l, c_l.c_r)
        left, right = _coupling("c_l", c_l, len(self)), _coupling("c_r", c_r, len(self))
        weight = left**2 * self["weight_ll"] + right**2 * self["weight_rr"] + left * right * self["weight_lr"]
        part = part_of_run(self.attributes)
        whole = weight if part is None else weight * part.factor
        sum_w, sum_w2 = float(np.sum(whole)), float(np.sum(whole**2))
        error = math.sqrt(max(sum_w2 - sum_w**2 / self.n_trials, 0.0)) if len(self) else 0.0
        sums = {"sigma": sum_w, "sigma_error": error, "sum_w": sum_w, "sum_w2": sum_w2}
        attributes: dict[str, Any] = {**self.attributes, **sums}
        attributes.pop("max_weight", None)
        if attributes.get("unweighted"):  # weights that differ stand for the card's exposure, as in a weighted run
            attributes |= {"unweighted": 0} | exposure_results(attributes, 1.0)
            attributes.pop("overweight_events", None)
        attributes |= expected_for_exposure(attributes)
        attributes.pop("caveats", None)  # they depend on the couplings
        for name, value in (("vector_coupling", 0.5 * (left + right)), ("axial_coupling", 0.5 * (left - right))):
            attributes.pop(name, None)
            if np.ndim(value) == 0:  # otherwise it differs from event to event
                attributes[name] = float(value)
        columns = {name: values for name, values in self.columns.items() if name not in ("weight_t", "weight_l")}
        return replace(self, columns={**columns, "weight": weight}, attributes=attributes)

    def to_hdf5(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Write an event file; raise `FileError` if that fails or, without `force`, the file exists."""
        columns = [column for column in self.schema if column.name in self.columns]
        chunk_rows = min(CHUNK_ROWS, max(len(self), 1))
        with EventWriter(path, columns, self.attributes, force=force, chunk_rows=chunk_rows) as writer:
            writer.append(self.columns)
            for name, group in self.groups.items():
                writer.write_group(name, group.arrays, group.attributes)
            writer.close(complete=bool(self.attributes.get("complete", 1)))


def _coupling(name: str, value: object, events: int) -> NDArray[np.float64]:
    """Return a coupling as an array of shape () or (events,); raise `InputError` unless it is real and finite."""
    try:
        found = np.asarray(value)
    except ValueError:  # lists of different lengths
        found = np.asarray(None)
    if found.dtype.kind not in "iuf":
        raise InputError(f"{name} must be a real number, or one per event; got {type(value).__name__} {found.dtype}")
    if found.shape not in ((), (events,)):
        raise InputError(f"{name} must be one number, or one for each of the {events} events; got shape {found.shape}")
    wrong = np.count_nonzero(~(np.abs(found) <= _LARGEST_COUPLING))
    if wrong:
        raise InputError(f"{name} must be finite, at most {_LARGEST_COUPLING:g}; {wrong} of {found.size} are not")
    return found.astype(np.float64)


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
        The file is missing, truncated, damaged, not an event file, or lacks columns.
    InputError
        A name in `columns` is not in the file.
    """
    with open_events(path) as file:
        return events_in(file, [column.name for column in file.columns] if columns is None else columns)


def events_in(file: EventFile, columns: Sequence[str]) -> Events:
    """Return columns of an open event file in memory; errors as of `read`."""
    name_unnormalised(file)
    return Events({name: file.column(name) for name in columns}, file.attributes, file.groups(), file.columns)
