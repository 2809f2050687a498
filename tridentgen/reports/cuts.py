"""The output of `tridentgen cut`: the cut flow, as text and as JSON."""

from __future__ import annotations

from tridentgen._version import __version__
from tridentgen.analysis.cut_flow import CutSums
from tridentgen.analysis.cut_results import CutFlow
from tridentgen.processes.trident.labels import regime_rows
from tridentgen.reports.layout import Json, aligned, amount, measured, percent

Rows = list[tuple[str, CutSums]]


def cut_json(flow: CutFlow) -> Json:
    """Return the cut flow by regime: before all cuts and after each."""
    rows = _rows(flow)
    return {
        "path": str(flow.path),
        "events_of": flow.what,
        "events": int(flow.whole.all[2]),
        "by_regime": {name: _before(flow, sums) for name, sums in rows},
        "cuts": [
            {"cut": cut, "by_regime": {name: _after(flow, sums, step) for name, sums in rows}}
            for step, cut in enumerate(flow.steps)
        ],
        **({} if flow.output is None else {"output": str(flow.output), "written": flow.written}),
        **({"notes": list(flow.notes)} if flow.notes else {}),
        "version": __version__,
    }


def cut_text(flow: CutFlow) -> str:
    """Return the tables of shares and of cross sections (or sums of weights)."""
    rows = _rows(flow)
    names = [name for name, _ in rows]
    shares: list[tuple[str, ...]] = [("left after", *names), ("no cut", *("100%" for _ in rows))]
    quantity = "sum of weights" if flow.scale.sigma_cm2 is None else "cross section/cm2"
    amounts: list[tuple[str, ...]] = [(quantity, *names), ("no cut", *(_amount(flow, sums, None) for _, sums in rows))]
    for step, cut in enumerate(flow.steps):
        left = [sums.share(step) for _, sums in rows]
        shares.append((cut, *(percent(share) for share in left)))
        amounts.append((cut, *(_amount(flow, sums, step) for _, sums in rows)))
    head = f"  {flow.path}: {int(flow.whole.all[2])} events ({flow.what})"
    written = [] if flow.output is None else ["", f"  {flow.written} events in {flow.output}"]
    return "\n".join([head, "", aligned(shares, "  "), "", aligned(amounts, "  "), *written])


def nothing_left(flow: CutFlow) -> bool:
    """Return whether no event passes."""
    return not flow.whole.kept[-1, 3] > 0.0


def _rows(flow: CutFlow) -> Rows:
    return [(name, flow.sums(regimes)) for name, regimes in regime_rows(tuple(flow.groups))]


def _amount(flow: CutFlow, sums: CutSums, step: int | None) -> str:
    found = flow.scale.amount(sums, flow.whole, step)
    if not found.error > 0.0:
        return f"{found.value:.6g}"
    return amount(found) if flow.scale.sigma_cm2 is None else measured(found.value, found.error)


def _before(flow: CutFlow, sums: CutSums) -> Json:
    found, (value, error) = flow.scale.amount(sums, flow.whole), _keys(flow)
    return {"events": int(sums.all[2]), value: found.value, error: found.error}


def _after(flow: CutFlow, sums: CutSums, step: int) -> Json:
    found, share, (value, error) = flow.scale.amount(sums, flow.whole, step), sums.share(step), _keys(flow)
    return {
        "events": int(sums.kept[step, 3]),
        "efficiency": share.value,
        "efficiency_error": share.error,
        value: found.value,
        error: found.error,
    }


def _keys(flow: CutFlow) -> tuple[str, str]:
    """Return the keys of an amount and its error."""
    return ("weight", "weight_error") if flow.scale.sigma_cm2 is None else ("sigma_cm2", "error_cm2")
