"""LHEH5, Les Houches events in HDF5 as in Sherpa and Pepper: arXiv:1905.05120, arXiv:2309.13154, version 2.

Tables of doubles with one row for each event or particle; the attribute ``properties`` of a table names its columns.
The cross section in pb is the sum of the weights over the sum of the trials.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import ALPHA
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import RunFacts
from tridentgen.exchange.export.hepevt import relatives
from tridentgen.exchange.export.lhe import MEAN_IS_CROSS_SECTION, STATUS, UNKNOWN, first_target_mass_GeV, lifetime_mm
from tridentgen.exchange.export.writer import Writer
from tridentgen.typing import FloatArray

_VERSION = (2, 0, 0)
_INIT = (
    "beamA", "beamB", "energyA", "energyB", "PDFgroupA", "PDFgroupB", "PDFsetA", "PDFsetB", "weightingStrategy",
    "numProcesses",
)  # fmt: skip
_PROCESS = ("procId", "npLO", "npNLO", "xSection", "error", "unitWeight")
_EVENT = ("pid", "nparticles", "start", "trials", "scale", "fscale", "rscale", "aqed", "aqcd", "NOMINAL")
_PARTICLE = (
    "id", "status", "mother1", "mother2", "color1", "color2", "px", "py", "pz", "e", "m", "lifetime", "spin",
)  # fmt: skip
_CHUNK_ROWS = 8192


class Lheh5Writer(Writer):
    """Writes ``.lheh5``."""

    def __init__(self, path: Path, facts: RunFacts, *, force: bool = False) -> None:
        super().__init__(path, facts, force=force)
        self._file: Any = None
        self._events = self._particles = 0

    def open(self) -> None:
        """Begin the file with beams and processes."""
        facts = self.facts
        self._file = h5py.File(self.part, "w")
        self._file.create_dataset("version", data=np.array(_VERSION, dtype="i8"))
        beams = (facts.beam_codes[0], facts.target_codes[0], facts.energy_max_GeV, first_target_mass_GeV(facts))
        init = self._table("init", _INIT, np.array([*beams, 0, 0, 0, 0, MEAN_IS_CROSS_SECTION, len(facts.processes)]))
        init.attrs["description"] = facts.title
        if facts.part is not None:
            init.attrs["partOfRun"] = facts.part_in_words
        if facts.exposure_in_words:
            init.attrs["exposure"] = facts.exposure_in_words
        init.attrs["generatorName"], init.attrs["generatorVersion"] = "tridentgen", facts.version
        processes = [(p.number, 4, -1, p.sigma_pb, p.error_pb, 1.0) for p in facts.processes]
        self._table("procInfo", _PROCESS, np.array(processes, dtype=np.float64))
        for name, properties in (("events", _EVENT), ("particles", _PARTICLE)):
            self._table(name, properties, np.empty((0, len(properties))), growing=True)

    def _table(self, name: str, properties: tuple[str, ...], data: FloatArray, growing: bool = False) -> Any:
        layout = {"maxshape": (None, len(properties)), "chunks": (_CHUNK_ROWS, len(properties))} if growing else {}
        table = self._file.create_dataset(name, data=data, dtype="f8", **layout)
        table.attrs["properties"] = [column.encode() for column in properties]
        return table

    def write(self, block: Block) -> None:
        """Add the events of a block."""
        events = np.zeros((len(block), len(_EVENT)))
        for group in block.groups:
            events[group.rows, 0] = group.process
            events[group.rows, 1] = len(group.particles)
        lengths = events[:, 1].astype(np.int64)
        start = np.concatenate([[0], np.cumsum(lengths)])
        events[:, 2] = self._particles + start[:-1]
        events[:, 3] = 1.0
        events[:, 4:9] = UNKNOWN, UNKNOWN, UNKNOWN, ALPHA, UNKNOWN
        events[:, 9] = self.facts.events * block.weight_pb
        self._add("events", events, self._events)
        self._add("particles", _particles(block, start), self._particles)
        self._events += len(block)
        self._particles += int(start[-1])

    def _add(self, name: str, table: FloatArray, first: int) -> None:
        data = self._file[name]
        data.resize(first + len(table), axis=0)
        data[first:] = table

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._file is not None:
            self._file.close()


def _particles(block: Block, start: NDArray[np.int64]) -> FloatArray:
    """Return the particles of a block, one row each; those of an event begin at its `start`."""
    table = np.zeros((int(start[-1]), len(_PARTICLE)))
    for group in block.groups:
        first = start[:-1][group.rows]
        for place, particle in enumerate(group.particles):
            mothers, _ = relatives(particle, group.particles)
            e, px, py, pz = particle.p4
            values = (
                particle.pdgid, STATUS[particle.place], *mothers, 0, 0, px, py, pz, e, particle.mass_GeV,
                lifetime_mm(particle), particle.helicity,
            )  # fmt: skip
            for column, value in enumerate(values):
                table[first + place, column] = value
    return table
