"""The coupling of a boson on a card: `coupling` is g, `strength` is g^2."""

from __future__ import annotations

from tridentgen.toml.tables import FINITE, Table, number

_COUPLING = number("a number from 0 to 100", lambda x: 0.0 <= x <= 100.0)


def coupling_or_strength(table: Table) -> dict[str, float]:
    """Read `coupling`, g, or `strength`, g^2 (negative for charges of opposite sign), whichever the table has.

    Charges multiply either of them. Both, or neither, are mistakes, noted in the document.
    """
    read = {
        "coupling": table.read("coupling", _COUPLING, 0.0),
        "strength": table.read("strength", FINITE, 0.0),
    }
    given = [name for name in read if name in table.data]
    if not given:
        table.require("coupling")
        return {"coupling": 0.0}
    if len(given) == 2:
        table.complain("strength", "is g^2 and 'coupling' is g: give one of the two")
    return {given[0]: read[given[0]]}
