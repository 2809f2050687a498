"""A binned flux given on the card."""

from __future__ import annotations

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.base import require
from tridentgen.flux.files import CHOICES
from tridentgen.flux.kind import NUMBERS, TEXT, FluxKind, FluxRequest
from tridentgen.flux.source import Source
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.units_text import AREAS_CM2


def _build(request: FluxRequest) -> Source:
    """Return the binned flux; without an area only its shape counts."""
    options = request.options
    edges, values = (np.array(request.numbers(key), dtype=np.float64) for key in ("edges_GeV", "values"))
    per, area = options.get("per", "GeV"), options.get("area")
    for key, value, choices in (("per", per, ("GeV", "bin")), ("area", area, CHOICES["area"])):
        rule = f"is not known; use {' or '.join(repr(choice) for choice in choices)}"
        require(value is None or value in choices, key, value, rule)
    if len(values) != len(edges) - 1:
        raise InputError(f"values has {len(values)} entries, but {len(edges)} edges_GeV bound {len(edges) - 1} bins")
    for key, flaw in (("edges_GeV", energy_flaw(edges)), ("values", value_flaw(values))):
        if flaw is not None:
            raise InputError(f"{key}[{flaw[0]}]: {flaw[1]}")
    flux = TabulatedFlux(edges, values)
    scale = 1.0 / AREAS_CM2[area] if area else 1.0
    widths = np.diff(flux.energies_GeV) if per == "bin" else np.ones(len(values))
    units = "cm^-2 POT^-1" if area else ""
    description = f"{request.neutrino}, histogram of {len(values)} bins, {edges[0]:.6g} to {edges[-1]:.6g} GeV"
    scaled = TabulatedFlux(flux.energies_GeV, flux.values * scale / widths, "histogram", units, description)
    return request.source_of(scaled)


KIND = FluxKind(
    name="histogram",
    keys={"edges_GeV": NUMBERS, "values": NUMBERS, "per": TEXT, "area": TEXT},
    required=("edges_GeV", "values"),
    build=_build,
    range_key="edges_GeV",
    has_own_neutrinos=False,
)
