"""Fits as text, as JSON and as tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tridentgen._version import __version__
from tridentgen.fits.fit import Contour, FitResult, FreeNumber
from tridentgen.fits.intervals import Interval
from tridentgen.fits.models import SIGNAL
from tridentgen.fits.scan import ScanResult
from tridentgen.reports.layout import Json, aligned, block


def fit_json(fit: FitResult) -> Json:
    """Return a fit: best values and intervals by key, chi2, pulls, and without free keys the number of events."""
    found: Json = {
        "data": [measurement.name for measurement in fit.measurements],
        "free": {} if fit.significance is not None else {key: _number_json(number) for key, number in fit.free.items()},
    }
    if fit.significance is not None:
        found["events"] = {
            name: {"best": best, "expected": _expected(fit, name), "intervals": _ranges_json(ranges)}
            for name, (best, ranges) in _events(fit).items()
        }
        found["significance"] = fit.significance
    return found | {
        "chi2": fit.chi2,
        "dof": fit.dof,
        "nuisances": {name: {"pull": pull, "error": error} for name, (pull, error) in fit.nuisances.items()},
        "warnings": list(fit.warnings),
        "cite": [measurement.cite for measurement in fit.measurements],
        "version": __version__,
    }


def _number_json(number: FreeNumber) -> Json:
    return {"best": number.best, "intervals": _ranges_json(number.intervals)}


def _ranges_json(found: Mapping[float, tuple[Interval, ...]]) -> Json:
    return {f"{level:g}": [[_finite(low), _finite(high)] for low, high in ranges] for level, ranges in found.items()}


def _finite(value: float) -> float | None:
    """Return the value, or None for infinity, which JSON lacks."""
    return value if math.isfinite(value) else None


def _events(fit: FitResult) -> dict[str, tuple[float, dict[float, tuple[Interval, ...]]]]:
    """Return the best number of events of each data set and its intervals."""
    number = fit.free[SIGNAL]
    found = {}
    for measurement in fit.measurements:
        expected = _expected(fit, measurement.name)
        ranges = {
            level: tuple(Interval(low * expected, high * expected) for low, high in each)
            for level, each in number.intervals.items()
        }
        found[measurement.name] = (number.best * expected, ranges)
    return found


def _expected(fit: FitResult, name: str) -> float:
    measurement = next(m for m in fit.measurements if m.name == name)
    return float(np.sum(measurement.expected()["CEvNS"]))


def fit_text(fit: FitResult) -> str:
    """Return a fit as tables."""
    names = ", ".join(measurement.name for measurement in fit.measurements)
    head = [("data", names), ("chi2", f"{fit.chi2:.2f} for {fit.dof} degrees of freedom")]
    if fit.significance is not None:
        head.append(("significance", f"{fit.significance:.2f} standard deviations from no CEvNS"))
    levels = list(next(iter(fit.free.values())).intervals)
    rows: list[tuple[str, ...]] = [("", "best", *(f"{100.0 * level:g} %" for level in levels))]
    if fit.significance is not None:
        for name, (best, ranges) in _events(fit).items():
            rows.append((f"events of {name}", f"{best:.5g}", *_ranges(ranges)))
    else:
        rows += [(key, f"{number.best:.6g}", *_ranges(number.intervals)) for key, number in fit.free.items()]
    pulls = [("uncertainty", "pull"), *((name, f"{p:+.2f} +- {e:.2f}") for name, (p, e) in fit.nuisances.items())]
    cites = [("cite", measurement.cite) for measurement in fit.measurements if measurement.cite]
    title = " and ".join(measurement.card.title or measurement.name for measurement in fit.measurements)
    tables = [aligned(rows, "  "), *([aligned(pulls, "  ")] if fit.nuisances else [])]
    return "\n\n".join([block(title, [*head, *cites]), *tables])


def _ranges(found: Mapping[float, tuple[Interval, ...]]) -> list[str]:
    """Return the intervals of each level in words."""
    return [" and ".join(f"{_end(low)} to {_end(high)}" for low, high in ranges) for ranges in found.values()]


def _end(value: float) -> str:
    return f"{value:.5g}" if math.isfinite(value) else ("no lower limit" if value < 0.0 else "no upper limit")


def fit_csv(fit: FitResult, contour: Contour | None) -> str:
    """Return the profile of the first key, or the grid of two keys, as a table."""
    keys = list(fit.free)
    if contour is None:
        curve = fit.profile()
        rows: Iterable[Sequence[float]] = zip(curve.values, curve.chi2 - curve.chi2.min(), strict=True)
        return _csv(fit, [keys[0], "delta_chi2"], rows)
    rows = [(x, y, contour.delta_chi2[j, i]) for j, y in enumerate(contour.y) for i, x in enumerate(contour.x)]
    return _csv(fit, [*keys, "delta_chi2"], rows)


def _csv(fit: FitResult, names: Sequence[str], rows: Iterable[Sequence[float]]) -> str:
    head = [f"# tridentgen {__version__}: fit of {', '.join(m.name for m in fit.measurements)}"]
    head += [f"# cite: {measurement.cite}" for measurement in fit.measurements if measurement.cite]
    return "\n".join([*head, ",".join(names), *(",".join(f"{value:.8g}" for value in row) for row in rows)]) + "\n"


def scan_json(done: ScanResult) -> Json:
    """Return the fits of a scan, one for each value."""
    rows = [{done.key.key.text: value, **fit_json(fit)} for value, fit in zip(done.key.values, done.fits, strict=True)]
    return {"scan": done.key.key.text, "fits": rows}


def scan_rows(done: ScanResult) -> list[tuple[float, str, float, float, int, float, float]]:
    """Return value, key, best, level, number of the interval, and its ends, for all intervals of a scan."""
    return [
        (value, key, number.best, level, place, low, high)
        for value, fit in zip(done.key.values, done.fits, strict=True)
        for key, number in fit.free.items()
        for level, ranges in number.intervals.items()
        for place, (low, high) in enumerate(ranges, start=1)
    ]


def scan_text(done: ScanResult) -> str:
    """Return a scan as a table."""
    levels = list(next(iter(done.fits[0].free.values())).intervals)
    rows: list[tuple[str, ...]] = [
        (done.key.key.text, "key", "best", *(f"{100.0 * level:g} %" for level in levels), "chi2")
    ]
    for value, fit in zip(done.key.values, done.fits, strict=True):
        for key, number in fit.free.items():
            ranges = _ranges(number.intervals)
            rows.append((f"{value:.5g}", key, f"{number.best:.5g}", *ranges, f"{fit.chi2:.2f}"))
    names = ", ".join(measurement.name for measurement in done.fits[0].measurements)
    return f"Scan of {done.key.key.text} with {names}\n\n{aligned(rows, '  ')}"


def scan_csv(done: ScanResult) -> str:
    """Return a scan as a table with a row for each interval."""
    names = [done.key.key.text, "key", "best", "level", "interval", "low", "high"]
    head = [f"# tridentgen {__version__}: fit of {', '.join(m.name for m in done.fits[0].measurements)}"]
    head += [f"# cite: {measurement.cite}" for measurement in done.fits[0].measurements if measurement.cite]
    lines = [
        f"{value:.8g},{key},{best:.8g},{level:g},{place},{low:.8g},{high:.8g}"
        for value, key, best, level, place, low, high in scan_rows(done)
    ]
    return "\n".join([*head, ",".join(names), *lines]) + "\n"
