"""The description of an event file that `tridentgen info` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tridentgen.errors import one_line
from tridentgen.events.part_of_run import PartOfRun
from tridentgen.events.weights import knows_sigma
from tridentgen.reports.layout import block, measured

_ALL_SHARDS = "the weights of all shards together sum to the cross section"


def events_text(found: Mapping[str, Any]) -> str:
    """Return the result of `tridentgen.analysis.summary.summary` as a few lines and a table of the columns."""
    a = found["attributes"]
    part = None if found["shard"] is None else PartOfRun(**found["shard"])
    known = knows_sigma(a)
    sigma = f"{measured(float(a.get('sigma', 0.0)), float(a.get('sigma_error', 0.0)))} cm2" if known else "not known"
    done = "complete" if a.get("complete") else "interrupted"
    rows = [
        ("file", found["path"]),
        ("made by", f"{a.get('generator')} {a.get('version')}, {a.get('created')}, {a.get('engine')} engine"),
        ("process", a.get("reaction", "")),
        ("flux", a.get("flux", "")),
        ("events", f"{found['events']} of {a.get('n_trials')} trials, {done}; seed {a.get('seed')}"),
        *([("shard", f"{part}; {_ALL_SHARDS}")] if part is not None else []),
        ("cross section", sigma),
        ("sum of weights", f"{found['sum_weight']:.6g}" + (" cm2" if known else "")),
        ("sample size", f"{found['effective_share']:.1%} effective (Kish)"),
        ("unweighting", f"efficiency {found['unweighting_efficiency']:.1%}, with 1e-4 of the cross section overweight"),
    ]  # fmt: skip
    if "acceptance" in a:
        rows.append(("acceptance", f"{a['acceptance']:.2%} of the cross section"))
    rows += [("caveat", line) for line in str(a.get("caveats", "")).splitlines()]
    rows += _shares(found)
    width = max(len(column["name"]) for column in found["columns"])
    columns = [one_line(f"  {c['name']:<{width}}  {c['units']:<5} {c['description']}") for c in found["columns"]]
    return "\n".join([block(str(a.get("title", "")), rows), "columns", *columns])


def _shares(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the shares of the cross section: by regime, source component, flavour, nuclide."""
    for key, heading in found["headings"].items():
        parts = found[key]
        if parts and heading:
            yield heading, ""
        for name, part in parts.items():
            yield f"  {name}", f"{part['events']} events, {part['share']:.1%} of the cross section"
