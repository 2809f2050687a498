"""The description of an event file that `tridentgen info` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tridentgen.analysis.cut_flow import Measured
from tridentgen.errors import one_line
from tridentgen.events.part_of_run import PartOfRun
from tridentgen.events.stated_exposure import StatedExposure
from tridentgen.events.weights import knows_sigma
from tridentgen.reports.layout import amount, block, measured, small_percent

_VERSIONS = (("Python", "python"), ("NumPy", "numpy"), ("vegas", "vegas"))
_ALL_SHARDS = "the weights of all shards together sum to the cross section"


def events_text(found: Mapping[str, Any]) -> str:
    """Return the result of `tridentgen.analysis.summary.summary` as a few lines and a table of the columns."""
    a = found["attributes"]
    part = None if found["shard"] is None else PartOfRun(**found["shard"])
    known = knows_sigma(a)
    sigma = f"{measured(float(a.get('sigma', 0.0)), float(a.get('sigma_error', 0.0)))} cm2" if known else "not known"
    done = "complete" if a.get("complete") else "interrupted"
    kind = "unweighted events" if found["unweighted"] else "weighted"
    rows = [
        ("file", found["path"]),
        ("made by", f"{a.get('generator')} {a.get('version')}, {a.get('created')}, {a.get('engine')} engine"),
        *([("software", _software(a))] if "numpy" in a else []),
        ("process", a.get("reaction", "")),
        ("flux", a.get("flux", "")),
        ("events", f"{found['events']} {kind} of {a.get('n_trials')} trials, {done}; seed {a.get('seed')}"),
        *_poisson(found),
        *([("shard", f"{part}; {_ALL_SHARDS}")] if part is not None else []),
        ("cross section", sigma),
        *(("caveat", line) for line in str(a.get("caveats", "")).splitlines()),
        ("sum of weights", f"{found['sum_weight']:.6g}" + (" cm2" if known else "")),
        *([] if found["unweighted"] else [("sample size", f"{found['effective_share']:.1%} effective (Kish)")]),
        ("unweighting", f"efficiency {found['unweighting_efficiency']:.1%}, {_overweight(found)}"),
    ]  # fmt: skip
    if "acceptance" in a:
        rows.append(("acceptance", f"{small_percent(float(a['acceptance']))} of the cross section"))
    if "decay" in a:
        path = f", c tau {float(a['decay_ctau_m']):.5g} m" if "decay_ctau_m" in a else ""
        rows.append(("decay", f"N -> nu gamma, {a['decay']}{path}"))
    rows += _exposure(found)
    rows += _placement(found["placement"])
    rows += _shares(found)
    width = max(len(column["name"]) for column in found["columns"])
    columns = [one_line(f"  {c['name']:<{width}}  {c['units']:<5} {c['description']}") for c in found["columns"]]
    return "\n".join([block(str(a.get("title", "")), rows), "columns", *columns])


def _software(attributes: Mapping[str, Any]) -> str:
    compiler = [str(attributes["compiler"])] if "compiler" in attributes else []
    versions = (f"{name} {attributes.get(key)}" for name, key in _VERSIONS)
    return ", ".join([*versions, *compiler])


def _poisson(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the mean of a Poisson number of events."""
    if found["poisson_mean"] is not None:
        number, mean = found["attributes"].get("n_before_cuts"), found["poisson_mean"]
        yield "number", f"{number} before cuts, a Poisson number of mean {mean:.6g} for the card's exposure"


def _overweight(found: Mapping[str, Any]) -> str:
    number = found["overweight_events"]
    if number is None:
        return "with 1e-4 of the cross section overweight"
    return f"{number} overweight event{'s' * (number != 1)}"


def _exposure(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the exposure of the card, the events expected for it, and what the events of the file stand for."""
    attributes = found["attributes"]
    stated = StatedExposure.of(attributes)
    if stated is None:
        return
    yield "exposure", f"{stated.words} (the card's)"
    if found["expected_events"] is not None:
        accepted = ", accepted by the detector" if "acceptance" in attributes else ""
        expected = amount(Measured(found["expected_events"], found["expected_events_error"] or 0.0))
        yield "expected events", f"{expected} for the card's exposure{accepted}"
    if stated.share is not None:
        yield "stands for", stated.shared(stated.share)


def _placement(placed: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Yield the volumes, the beam and the spill of placed events."""
    if placed is None:
        return
    for volume in placed["volumes"]:
        yield "volume", _values(volume, "shape")
    beam = {name: value for name, value in placed["beam"].items() if value is not None}
    if "source_cm" in beam:  # then directions are from there
        beam.pop("direction", None)
    yield "beam", _values(beam)
    spill = placed["spill"]
    yield "spill", "none: all neutrinos start at time 0" if spill is None else _values(spill, "kind")


def _values(of: Mapping[str, Any], first: str = "") -> str:
    """Return names, which carry their units, and values, after the value of `first`."""
    named = [f"{name} {_value(value)}" for name, value in of.items() if name != first]
    return ": ".join([*([str(of[first])] if first else []), ", ".join(named)])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(_value, value))})"
    return f"{value + 0.0:.6g}" if isinstance(value, int | float) else str(value)  # no minus before a zero


def _shares(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the shares of the cross section: by regime, source component, flavour, nuclide."""
    for key, heading in found["headings"].items():
        parts = found[key]
        if parts and heading:
            yield heading, ""
        for name, part in parts.items():
            yield f"  {name}", f"{part['events']} events, {part['share']:.1%} of the cross section"
