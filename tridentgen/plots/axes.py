"""What pictures of events show along x."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.analysis.histograms import LONG_TAIL, FloatArray
from tridentgen.events.events import Events
from tridentgen.plots.parts import parts_of


@dataclass(frozen=True)
class Observable:
    """What is drawn along x.

    Attributes
    ----------
    name
        Name of the picture.
    column, column_units
        Column it comes from, and the units that `value` expects there.
    symbol
        Its sign in TeX; ``MINUS`` and ``PLUS`` stand for the leptons.
    units
        Units on the axis, in TeX.
    value
        From the column to the value in `units`.
    log
        Always on a logarithmic axis.
    sort
        What the lines are: ``regime``, ``component``, ``isotope``, ``flavour``, ``final_state``.
    log_y
        A logarithmic axis for the cross section, as is usual for recoil spectra.
    seen
        Show what the detector keeps: weights times acceptance.
    with_kept
        Add a line of what the detector keeps, where there is one.
    long_tail
        Share of the cross section left out above a linear axis.
    """

    name: str
    column: str
    column_units: str
    symbol: str
    units: str
    value: Callable[[NDArray[Any]], FloatArray] = np.asarray
    log: bool = False
    sort: str = "regime"
    log_y: bool = False
    seen: bool = False
    with_kept: bool = False
    long_tail: float = LONG_TAIL


def _energy(momenta: NDArray[Any]) -> FloatArray:
    return np.asarray(momenta[:, 0])


def _times_thousand(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e3 * values)


def _per_thousand(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e-3 * values)


TRIDENT_OBSERVABLES = (
    Observable("m2_ll", "m2_ll", "GeV2", r"m^2_{\ell\ell}", r"GeV$^2$"),
    Observable("delta_theta", "delta_theta", "rad", r"\Delta\theta", "deg", np.degrees),
    Observable("q2", "q2", "GeV2", "Q^2", r"GeV$^2$", log=True),
    Observable("theta_minus", "theta_minus", "rad", r"\theta_{MINUS}", "deg", np.degrees),
    Observable("theta_plus", "theta_plus", "rad", r"\theta_{PLUS}", "deg", np.degrees),
    Observable("recoil_energy", "recoil_energy", "GeV", r"T_\mathrm{recoil}", "MeV", _times_thousand),
    Observable("energy_minus", "p4_minus", "GeV", "E_{MINUS}", "GeV", _energy),
    Observable("energy_plus", "p4_plus", "GeV", "E_{PLUS}", "GeV", _energy),
    Observable("e_nu", "e_nu", "GeV", r"E_\nu", "GeV"),
)

_RECOIL = Observable("recoil_energy", "recoil_energy", "keV", "T", "keV", log_y=True, long_tail=1e-3)
_SEEN = replace(_RECOIL, name="observed_energy", column="observed_energy", symbol=r"E_\mathrm{obs}")

COHERENT_OBSERVABLES = (
    replace(_RECOIL, sort="component", with_kept=True),
    replace(_RECOIL, name="recoil_energy_by_isotope", sort="isotope"),
    replace(_RECOIL, name="recoil_energy_by_final_state", sort="final_state"),
    Observable("e_nu", "e_nu", "GeV", r"E_\nu", "MeV", _times_thousand, sort="flavour", log_y=True, long_tail=1e-3),
    Observable("cos_theta", "cos_theta", "", r"\cos\theta", "", sort="component", long_tail=1e-4),
    Observable("time", "time", "ns", "t", r"$\mu$s", _per_thousand, sort="component"),
    replace(_SEEN, name="quenched_energy", column="quenched_energy", symbol=r"E_\mathrm{ee}", sort="component"),
    replace(_SEEN, sort="component", seen=True),
)

_HIGH_GEV = 1.0
"""Neutrinos of more than that are shown in GeV."""


def observables_of(events: Events) -> list[Observable]:
    """Return what there is to show of these events: the columns that are there and say something of their own."""
    units = {column.name: column.units for column in events.schema if column.name in events.columns}
    coherent = "isotope" in events.columns
    chosen = COHERENT_OBSERVABLES if coherent else TRIDENT_OBSERVABLES
    there = [o for o in chosen if units.get(o.column) == o.column_units]
    if not coherent:
        return there
    if "e_nu" in units and np.max(events["e_nu"], initial=0.0) > _HIGH_GEV:
        there = [replace(o, units="GeV", value=np.asarray) if o.name == "e_nu" else o for o in there]
    return [o for o in there if _tells(events, o)]


def _tells(events: Events, observable: Observable) -> bool:
    """Whether a picture shows something that none before it does."""
    if observable.sort in ("isotope", "final_state") and len(parts_of(events, observable.sort)) == 1:
        return False
    values = events[observable.column]
    if observable.name == "time":
        return bool(np.any(values != 0.0))
    if observable.name == "quenched_energy":
        return not np.array_equal(values, events["recoil_energy"])
    return not observable.seen or bool(np.sum(events["weight"] * events["acceptance"]) > 0.0)
