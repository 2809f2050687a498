"""The [floor] table of a run card for WIMPs: the neutrinos behind them, and what of the fog is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tridentgen.processes.cevns.card import read_cevns_model
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.toml.tables import FRACTION, POSITIVE, Table, integer, number, one_of

CONVENTIONS = ("exact", "ohare-2021")
"""Integrals of rates over bins, or the trapezoids and the smoothing of arXiv:2109.03116."""

SUPERNOVAE = ("three-species", "six-species")
"""Diffuse supernova neutrinos: one species of each temperature, or all six."""

FLUXES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "pp": (5.98e10, 0.006),
        "pep": (1.44e8, 0.01),
        "7Be-384": (4.93e8, 0.06),
        "7Be-861": (4.50e9, 0.06),
        "8B": (5.16e6, 0.02),
        "hep": (7.98e3, 0.3),
        "13N": (2.78e8, 0.15),
        "15O": (2.05e8, 0.17),
        "17F": (5.29e6, 0.2),
        "supernovae": (85.7, 0.5),
        "atmosphere": (10.5, 0.25),
    }
)
"""Flux of each background in cm^-2 s^-1 and its relative error: C. A. J. O'Hare, Phys. Rev. Lett. 127 (2021) 251802
(arXiv:2109.03116), with B16-GS98 and the global analysis of J. Bergstrom et al., JHEP 03 (2016) 132, for the Sun. That
of the atmosphere is the part below 1 GeV of his 10.7."""

_INDEX = number("an index from 1.3 to 50", lambda x: 1.3 <= x <= 50.0)
_ENERGY = number("an energy from 1e-6 to 1e4 keV", lambda x: 1e-6 <= x <= 1e4)
_PROBABILITY = number("a probability from 0.01 to 0.999", lambda x: 0.01 <= x <= 0.999)
_SIGNIFICANCE = number("a number of standard deviations from 1 to 10", lambda x: 1.0 <= x <= 10.0)


@dataclass(frozen=True)
class FloorCard:
    """The table ``[floor]``.

    `probability` is that of a discovery; None for 0.9 in discovery limits, and for 0.5, as published, in the fog.
    `fluxes` and `errors` replace those of `FLUXES`.
    """

    masses_GeV: tuple[float, ...] = ()
    exposures_t_year: tuple[float, ...] = ()
    index: tuple[float, ...] = (2.0,)
    convention: str = "exact"
    supernovae: str = "three-species"
    bins: int | None = None
    energy_min_keV: float = 1e-4
    energy_max_keV: float = 200.0
    significance: float = 3.0
    probability: float | None = None
    fluxes: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    model: CevnsModel = field(default_factory=CevnsModel)


def read_floor_table(table: Table, kind: str) -> FloorCard | None:
    """Read [floor]; mistakes are noted in its document. None without the table."""
    if not table.present:
        return None
    if kind != "wimp":
        table.document.refuse(table.key, f"goes with process.kind = 'wimp', not '{kind}'; leave the table out")
        table.accept_the_rest()
        return None
    default = FloorCard()
    card = FloorCard(
        masses_GeV=table.read_list("masses_GeV", POSITIVE, "[6, 10, 30]"),
        exposures_t_year=table.read_list("exposures_t_year", POSITIVE, "[1, 10, 100]"),
        index=table.read_list("index", _INDEX, "[2, 2.5, 3]") or default.index,
        convention=table.read("convention", one_of(CONVENTIONS), default.convention),
        supernovae=table.read("supernovae", one_of(SUPERNOVAE), default.supernovae),
        bins=table.read("bins", integer(10, 2000), None),
        energy_min_keV=table.read("energy_min_keV", _ENERGY, default.energy_min_keV),
        energy_max_keV=table.read("energy_max_keV", _ENERGY, default.energy_max_keV),
        significance=table.read("significance", _SIGNIFICANCE, default.significance),
        probability=table.read("probability", _PROBABILITY, None),
        fluxes=_by_component(table.table("fluxes"), positive=True),
        errors=_by_component(table.table("errors"), positive=False),
        model=read_cevns_model(table.table("model")),
    )
    if not card.energy_min_keV < card.energy_max_keV:
        table.complain("energy_max_keV", f"= {card.energy_max_keV:g} must be above energy_min_keV")
    if card.convention == "ohare-2021" and card.bins is not None:
        table.complain("bins", "is 50 with convention = 'ohare-2021'; leave it out, or use 'exact'")
    return card


def _by_component(table: Table, *, positive: bool) -> Mapping[str, float]:
    """Read numbers by the names of `FLUXES`; relative errors are below 1."""
    found = {name: table.read(name, POSITIVE if positive else FRACTION, None) for name in FLUXES}
    return {name: value for name, value in found.items() if value is not None}
