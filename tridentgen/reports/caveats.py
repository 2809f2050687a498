"""Caveats of several calculations in few lines."""

from __future__ import annotations

from collections.abc import Iterable

from tridentgen.processes.base import Caveat


def largest(found: Iterable[tuple[str, Caveat]]) -> tuple[str, ...]:
    """Return one line for each subject, that of the largest size, with the place where it is.

    `found` are caveats with their places, such as reaction and energy.
    """
    places: dict[str, tuple[str, Caveat]] = {}
    numbers: dict[str, int] = {}
    for place, caveat in found:
        numbers[caveat.subject] = numbers.get(caveat.subject, 0) + 1
        if caveat.subject not in places or caveat.size > places[caveat.subject][1].size:
            places[caveat.subject] = place, caveat
    return tuple(
        f"{place}: {caveat.text}" + (f" (the largest of {numbers[subject]})" if numbers[subject] > 1 else "")
        for subject, (place, caveat) in places.items()
    )
