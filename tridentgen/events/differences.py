"""Describe the first difference between two runs by card key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tridentgen.toml.tables import Document, show

SOFTWARE = ("python", "numpy", "vegas", "compiler")
"""Root attributes with the versions of the software that made a file."""

_OF_NO_CONSEQUENCE = ("title", "output", "exposure", "sampling.engine", "sampling.threads", "sampling.events")


def difference(one: Mapping[str, Any], other: Mapping[str, Any], same: Sequence[str]) -> str:
    """Return a description of the first difference between the root attributes of two event files.

    Parameters
    ----------
    one, other
        Root attributes.
    same
        Names of the attributes that should be equal, in the order of comparison; instead of ``run_id``, a hash of many
        values, the cards are compared.
    """
    name = next(name for name in same if one.get(name) != other.get(name))
    if name == "map_hash":
        return _of_maps(one, other)
    if name != "run_id":
        return _two(name, one, other)
    skipped = [key for key in _OF_NO_CONSEQUENCE if key != "exposure" or "poisson_mean" not in one]
    there, here = (dict(_keys(Document(str(known.get("card", "")), "card").data)) for known in (one, other))
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key) and not key.startswith(tuple(skipped)):
            return f"{key} is {_shown(there, key)} there and {_shown(here, key)} here"
    return "the cards are the same, so a file of the flux or of the detector, or an option, must differ"


def _two(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    return f"'{name}' is {one.get(name)} there and {other.get(name)} here"


def _of_maps(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Describe two different VEGAS maps of one card by the software that trained them."""
    changed = [_two(name, one, other) for name in SOFTWARE if one.get(name) != other.get(name)]
    return "; ".join(["the VEGAS maps are different", *changed])


def _shown(card: Mapping[str, object], key: str) -> str:
    if key not in card:
        return "not given"
    value = card[key]
    return f"[{', '.join(map(show, value))}]" if isinstance(value, list) and len(value) < 10 else show(value)


def _keys(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _keys(value, f"{above}{key}.")
        else:
            yield above + key, value
