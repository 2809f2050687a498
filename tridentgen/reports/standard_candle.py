"""The output of `tridentgen candle`: cuts, and the precision of the flux, as text and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict

from tridentgen._version import __version__
from tridentgen.analysis.standard_candle import Candle, CandleCut
from tridentgen.reports.layout import Json, aligned, block

_AROUND = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Cuts in the table, relative to the chosen one."""


def candle_json(candle: Candle) -> Json:
    """Return all numbers of a standard candle."""
    return {
        "path": str(candle.path),
        "selection": asdict(candle.selection),
        "errors": asdict(candle.errors),
        "signal_events": candle.made,
        "signal_above_min_energy": candle.counted,
        "chosen": _cut_json(candle.chosen),
        "cuts": [_cut_json(cut) for cut in candle.cuts],
        "flux": {
            "before": candle.before,
            "after": candle.after,
            "bins": [{**each._asdict(), "high_GeV": _or_none(each.high_GeV)} for each in candle.flux],
        },
        "spectrum": {
            "e_theta2_GeV": candle.edges_GeV.tolist(),
            "signal": candle.signal.tolist(),
            "backgrounds": {name: counts.tolist() for name, counts in candle.backgrounds.items()},
        },
        "version": __version__,
    }


def _cut_json(cut: CandleCut) -> Json:
    return {**cut._asdict(), "precision": _or_none(cut.precision), "purity": _or_none(cut.purity)}


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def candle_text(candle: Candle) -> str:
    """Return the tables of cuts and of the flux."""
    chosen, errors = candle.chosen, candle.errors
    asked = "asked for" if candle.selection.max_e_theta2_GeV is not None else "of the best precision"
    head = [
        ("electrons", f"{candle.made:.5g} expected, {candle.counted:.5g} above {_energy(candle)}"),
        ("measured with", _resolution(candle)),
        ("background", ", ".join(candle.backgrounds) or "none given"),
        ("errors", f"background {errors.background:.2%}, cross section {errors.cross_section:.2%}; flux before: "
                   f"{errors.flux:.2%}, and {errors.flux_shape:.2%} in each bin"),
        ("cut", f"E theta^2 <= {1e3 * chosen.max_e_theta2_GeV:.4g} MeV, {asked}"),
    ]  # fmt: skip
    rows: list[tuple[str, ...]] = [("E theta^2 <= /MeV", "signal", "background", "purity", "precision of the flux")]
    rows += [_row(cut, candle.counted) for cut in _listed(candle)]
    bins: list[tuple[str, ...]] = [("E_nu/GeV", "signal", "flux before", "after")]
    bins += [(f"{b.low_GeV:g} to {b.high_GeV:g}" if math.isfinite(b.high_GeV) else f"above {b.low_GeV:g}",
              f"{b.signal:.5g}", f"{b.before:.2%}", f"{b.after:.2%}") for b in candle.flux]  # fmt: skip
    bins.append(("all", f"{chosen.signal:.5g}", f"{candle.before:.2%}", f"{candle.after:.2%}"))
    title = f"Standard candle of {candle.path}"
    return "\n".join([block(title, head), "", aligned(rows, "  "), "", aligned(bins, "  ")])


def _energy(candle: Candle) -> str:
    return f"{candle.selection.min_energy_GeV:g} GeV"


def _resolution(candle: Candle) -> str:
    chosen = candle.selection
    if chosen.angle_resolution_mrad == 0.0 and chosen.energy_resolution == 0.0:
        return "no errors of angle and energy"
    angle = f"{chosen.angle_resolution_mrad:g} mrad in each projection"
    return f"{angle}, {chosen.energy_resolution:.3g}/sqrt(E/GeV) in energy"


def _listed(candle: Candle) -> list[CandleCut]:
    """Return the cuts in the table, each once."""
    last = len(candle.cuts)
    number = candle.cuts.index(candle.chosen) + 1
    places = sorted({min(max(round(factor * number), 1), last) for factor in _AROUND})
    return [candle.cuts[place - 1] for place in places]


def _row(cut: CandleCut, whole: float) -> tuple[str, ...]:
    precision = f"{cut.precision:.2%}" if math.isfinite(cut.precision) else "-"
    purity = f"{cut.purity:.2%}" if cut.signal > 0.0 else "-"
    share = f"{cut.signal:.5g} ({cut.signal / whole:.1%})"
    return f"{1e3 * cut.max_e_theta2_GeV:.4g}", share, f"{cut.background:.4g}", purity, precision
