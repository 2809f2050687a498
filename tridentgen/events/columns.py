"""What an event is made of: the columns, their units and what they mean."""

from __future__ import annotations

from tridentgen.engines.process import Column

BEAM_ALONG_Z, DETECTOR_COORDINATES = "beam along z", "detector coordinates"
"""What the axes of momenta are: without and with vertices."""


def momentum(name: str, whose: str) -> Column:
    """Return the column of a four-momentum."""
    return Column(name, "GeV", f"four-momentum (E, px, py, pz) of {whose}, laboratory frame, {BEAM_ALONG_Z}", (4,))


VERTEX_COLUMNS: tuple[Column, ...] = (
    *(Column(f"vertex_{axis}", "cm", f"{axis} of the vertex, detector coordinates") for axis in "xyz"),
    Column("vertex_time", "ns", "time of the vertex: spill, flight of the neutrino, and the column time if any"),
)
"""Further columns where the detector has a geometry."""
