"""The tree ``gRooTracker`` of GENIE, which edep-sim reads: GeV, vertex in m and s.

Codes, status and relatives are arrays of length ``StdHepN``; momenta and positions have the fixed length of `MOST`
particles, since uproot does not write arrays of variable length with a second dimension. Programs that read
``StdHepP4[StdHepN][4]`` into an array find the numbers where they expect them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.hepevt import relatives, status
from tridentgen.exchange.export.writer import Writer
from tridentgen.typing import FloatArray

MOST = 8
"""Number of particles of the largest event."""

_M_PER_CM, _S_PER_NS, _FM_PER_CM = 1e-2, 1e-9, 1e13
_PB_PER_1E38_CM2 = 1e-2
_COUNTED = ("Pdg", "Status", "Rescat", "Fd", "Ld", "Fm", "Lm")


class RootrackerWriter(Writer):
    """Writes ``.rootracker.root``."""

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        try:
            import awkward
            import uproot
        except ImportError as error:
            raise InputError('writing a ROOT file needs uproot and awkward: pip install "tridentgen[root]"') from error
        super().__init__(path, facts, force=force)
        self._awkward, self._uproot = awkward, uproot
        self._file: Any = None

    def open(self) -> None:
        """Begin the file with an empty tree."""
        self._file = self._uproot.recreate(self.part)
        self._file["tridentgen"] = json.dumps(
            {
                "title": self.facts.title,
                "version": self.facts.version,
                "sigma_pb": self.facts.sigma_pb,
                "sigma_error_pb": self.facts.error_pb,
                "weights": self.facts.weight_rule,
                "part_of_run": self.facts.part_in_words,
                "exposure": self.facts.exposure_in_words,
            }
        )
        counted = ", ".join(f"{name}: int32" for name in _COUNTED)
        self._tree = self._file.mktree(
            "gRooTracker",
            {
                "EvtNum": "i4",
                "EvtXSec": "f8",
                "EvtDXSec": "f8",
                "EvtWght": "f8",
                "EvtProb": "f8",
                "EvtVtx": ("f8", (4,)),
                "StdHep": self._awkward.types.from_datashape(f"var * {{{counted}}}", highlevel=False),
                "StdHepX4": ("f8", (MOST, 4)),
                "StdHepP4": ("f8", (MOST, 4)),
                "StdHepPolz": ("f8", (MOST, 3)),
            },
            title="tridentgen events as GENIE's rootracker",
            counter_name=lambda counted: counted + "N",
            field_name=lambda outer, inner: outer + inner,
        )

    def write(self, block: Block) -> None:
        """Add the events of a block."""
        count = len(block)
        whole, momenta, places, lengths = _particles(block)
        inside = np.arange(MOST) < lengths[:, None]
        records = {name: self._awkward.unflatten(values[inside], lengths) for name, values in whole.items()}
        x, y, z, t = block.position
        vertex = np.zeros((count, 4))
        for column, value in enumerate((_M_PER_CM * x, _M_PER_CM * y, _M_PER_CM * z, _S_PER_NS * t)):
            vertex[:, column] = value
        self._tree.extend(
            {
                "EvtNum": block.number.astype("i4"),
                "EvtXSec": np.full(count, self.facts.sigma_pb / _PB_PER_1E38_CM2),
                "EvtDXSec": np.zeros(count),
                "EvtWght": block.weight_pb if block.relative is None else block.relative,
                "EvtProb": np.ones(count),
                "EvtVtx": vertex,
                "StdHep": self._awkward.zip(records),
                "StdHepX4": places,
                "StdHepP4": momenta,
                "StdHepPolz": np.zeros((count, MOST, 3)),
            }
        )

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._file is not None:
            self._file.close()


def _particles(block: Block) -> tuple[dict[str, NDArray[np.int32]], FloatArray, FloatArray, NDArray[np.int64]]:
    """Return integers ``(N, MOST)`` by name, momenta and places ``(N, MOST, 4)``, and numbers of particles.

    Momenta are (px, py, pz, E); places are relative to the vertex of the event, x, y, z in fm and t in s as of GENIE.
    """
    whole = {name: np.zeros((len(block), MOST), dtype=np.int32) for name in _COUNTED}
    momenta, places = np.zeros((len(block), MOST, 4)), np.zeros((len(block), MOST, 4))
    lengths = np.zeros(len(block), dtype=np.int64)
    for group in block.groups:
        lengths[group.rows] = len(group.particles)
        for place, particle in enumerate(group.particles):
            mothers, daughters = relatives(particle, group.particles)
            values = (particle.pdgid, status(particle), 0, *(n - 1 for n in (*daughters, *mothers)))
            for name, value in zip(_COUNTED, values, strict=True):
                whole[name][group.rows, place] = value
            e, px, py, pz = particle.p4
            for component, number in enumerate((px, py, pz, e)):
                momenta[group.rows, place, component] = number
            if particle.origin is not None:
                for component, (made, primary) in enumerate(zip(particle.origin, block.position, strict=True)):
                    scale = _S_PER_NS if component == 3 else _FM_PER_CM
                    places[group.rows, place, component] = scale * (made - group.of(primary))
    return whole, momenta, places, lengths
