"""Events of a file block by block, weighted or unweighted by accept-reject, with all checks of their values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Column, Role
from tridentgen.engines.uniforms import PURPOSE_UNWEIGHTING, check_seed, stream_number, uniforms
from tridentgen.errors import FileError, InputError
from tridentgen.events.columns import has_decays, names_of, weights_of
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.particles import Number
from tridentgen.events.reader import EventFile, require_events
from tridentgen.events.sound_numbers import require_sound_column
from tridentgen.events.stated_exposure import StatedExposure
from tridentgen.events.weights import OVERWEIGHT_SHARE, maximum_weight
from tridentgen.exchange.export.block import Block
from tridentgen.exchange.export.facts import PB_PER_CM2, Beam, ProcessFacts, RunFacts
from tridentgen.processes.kinds import columns_of, records_of
from tridentgen.typing import FloatArray

READ_ROWS = 1 << 16
"""Events read from the file at a time."""

BLOCK_ROWS = 1 << 13
"""Events given to a writer at a time: few enough for its output to stay in the cache."""

_LARGEST_NUMBER = 2**31 - 1
_WORDS = 4
_LENGTHS_IN_CM = {"mm": 0.1, "cm": 1.0, "m": 100.0}
_TIMES_IN_NS = {"ns": 1.0, "us": 1e3, "s": 1e9}
_POSITIONS = ("vertex_x", "vertex_y", "vertex_z")
_TIMES = ("vertex_time", "time")


class Unweighting(NamedTuple):
    """Accept-reject: accept an event with probability w/w_max; overweight events get the weight w/w_max > 1."""

    seed: int
    w_max: float

    def kept(self, weight: FloatArray, first: int) -> tuple[NDArray[np.int64], FloatArray]:
        """Return rows and new weights of the accepted events; `first` is the row of the first event in the file."""
        u = uniforms(self.seed, stream_number(PURPOSE_UNWEIGHTING), first, len(weight), _WORDS)[0]
        places = np.flatnonzero(u * self.w_max < weight)
        return places, np.maximum(weight[places] / self.w_max, 1.0)


@dataclass
class _Survey:
    """Sums over the events that will be written."""

    events: int = 0
    overweight: int = 0
    weight: float = 0.0
    least: float = math.inf
    largest: float = 0.0
    last_number: int = -1
    energy_min_GeV: float = math.inf
    energy_max_GeV: float = 0.0
    by_process: dict[int, tuple[float, float]] = field(default_factory=dict)

    def add(self, weight: FloatArray, processes: NDArray[np.int64], energy: FloatArray) -> None:
        self.events += len(weight)
        self.weight += float(np.sum(weight))
        if len(weight) == 0:
            return
        self.least = min(self.least, float(np.min(weight)))
        self.largest = max(self.largest, float(np.max(weight)))
        self.energy_min_GeV = min(self.energy_min_GeV, float(np.min(energy)))
        self.energy_max_GeV = max(self.energy_max_GeV, float(np.max(energy)))
        for number in np.unique(processes):
            mine = weight[processes == number]
            first, second = self.by_process.get(int(number), (0.0, 0.0))
            self.by_process[int(number)] = first + float(np.sum(mine)), second + float(np.sum(mine * mine))


class EventSource:
    """The events of an open file, in the form to be written.

    The output is self-contained: the weights of a shard are rescaled to an estimate of the whole cross section. Weights
    of events whose decay is in a detector are those times the probability of that, the column ``acceptance``: events
    stand for decays in the detector. The column is 1 in the output.

    Parameters
    ----------
    file : EventFile
    path : Path
        Name of the file in messages.
    recoil : str
        ``final``, ``omit`` or ``pseudo``.
    unweight : bool
        Unweight the events, with random numbers from `seed`; all events of an unweighted file are accepted.

    Raises
    ------
    FileError
        The file holds no events, or its events are not sorted by number, not finite, or of negative weight.
    InputError
        The file lacks columns or attributes from which particles are made.
    """

    def __init__(self, file: EventFile, path: Path, *, recoil: str, unweight: bool, seed: int) -> None:
        check_seed(seed)
        self._file, self._path, self._recoil = file, path, recoil
        self._part = part_of_run(file.attributes, path)
        columns = columns_of(file.columns, file.attributes)
        self._records = records_of(columns, file.attributes, recoil, path)
        self._known = {column.name: column for column in columns}
        self._weights = weights_of(columns)
        inside = names_of(columns, Role.ACCEPTANCE) if has_decays(columns) else []
        self._inside = inside[0] if inside else None
        self._require(("event_id", "weight", *self._records.columns))
        self._energy = _energy_column(columns)
        require_events(file)
        self._already_unweighted = "overweight_events" in file.attributes and self._inside is None
        accept = unweight and not self._already_unweighted
        self._unweighting = Unweighting(seed, self._maximum_weight()) if accept else None
        self._survey = self._look_through()

    def facts(self, beams: Sequence[Beam] = ()) -> RunFacts:
        """Return the facts about the run for a writer."""
        survey, attributes = self._survey, self._file.attributes
        inside = 1.0 if self._inside is None else float(attributes.get("acceptance", 1.0))
        sigma_pb = float(attributes.get("sigma", self._total)) * inside * PB_PER_CM2
        error_pb = float(attributes.get("sigma_error", math.nan)) * PB_PER_CM2
        per_weight = sigma_pb / survey.weight if self._unweighting else PB_PER_CM2
        if self._inside is not None:
            error_pb = math.sqrt(math.fsum(second for _, second in survey.by_process.values())) * per_weight
        processes = []
        for number, (first, second) in sorted(survey.by_process.items()):
            error = error_pb if len(survey.by_process) == 1 else math.sqrt(second) * per_weight
            described = self._records.processes.describe(number)
            processes.append(ProcessFacts(number, *described, first * per_weight, error))
        unit_pb = per_weight * self._unit if self._is_unweighted else None
        exposure = self._exposure(None if unit_pb is None else unit_pb / PB_PER_CM2)
        facts = RunFacts(
            attributes={**attributes, **({} if exposure is None else exposure.attributes)},
            columns=self._file.columns,
            events=survey.events,
            sigma_pb=sigma_pb,
            error_pb=error_pb,
            unit_pb=unit_pb,
            overweight=survey.overweight if self._is_unweighted else 0,
            processes=tuple(processes),
            numbered=survey.last_number <= _LARGEST_NUMBER,
            energy_max_GeV=survey.energy_max_GeV,
            recoil=self._recoil,
            beams=tuple(beams),
            part=self._part,
            exposure=exposure,
        )
        return facts if beams else replace(facts, beams=self._single_energy(facts.beam_codes))

    def _exposure(self, unit_cm2: float | None) -> StatedExposure | None:
        """Return the exposure of the card and what the written events stand for, unweighted ones by their number."""
        stated = StatedExposure.of(self._file.attributes, self._path)
        if stated is None:
            return None
        if unit_cm2 is not None and not self._already_unweighted:
            return stated.standing_for(stated.share_of_unit(unit_cm2))
        return stated if self._part is None else stated.standing_for(1.0)

    def _single_energy(self, beams: tuple[int, ...]) -> tuple[Beam, ...]:
        """Return the beam of a run at a single energy; empty if the events have several energies."""
        low = self._survey.energy_min_GeV
        if len(beams) > 1 or low != self._survey.energy_max_GeV:
            return ()
        return (Beam(beams[0], low * 1e3, np.empty(0), np.empty(0), "Arbitrary"),)

    @property
    def w_max(self) -> float | None:
        """Weight in cm^2 above which events are overweight; None unless they are unweighted here."""
        return None if self._unweighting is None else self._unweighting.w_max

    def blocks(self, columns: Sequence[str] = ()) -> Iterator[Block]:
        """Yield the events in blocks, with the columns named besides those that particles need."""
        facts = self.facts()
        names = {"event_id", "weight", *self._records.columns, *columns, *self._place_columns()}
        names |= {name for name in self._records.optional if name in self._known}
        written = 0
        for start in range(0, self._file.rows, READ_ROWS):
            read = self._read(sorted(names), start)
            for begin in range(0, len(read["weight"]), BLOCK_ROWS):
                part = {name: values[begin : begin + BLOCK_ROWS] for name, values in read.items()}
                block = self._block(part, start + begin, written, facts)
                written += len(block)
                if len(block):
                    yield block

    def _block(self, part: dict[str, NDArray[Any]], first: int, written: int, facts: RunFacts) -> Block:
        weight = part["weight"]
        if self._unweighting is not None:
            places, weight = self._unweighting.kept(weight, first)
            part = {name: values[places] for name, values in part.items()}
            scale = weight * (facts.unit_pb or 0.0) / PB_PER_CM2 / part["weight"]
            part |= {name: values * scale for name, values in part.items() if name in self._weights}
        number = np.arange(written, written + len(weight))
        return Block(
            number=part["event_id"].astype(np.int64) if facts.numbered else number,
            weight_pb=weight * (facts.unit_pb or 0.0) if self._unweighting else weight * PB_PER_CM2,
            relative=weight / self._unit if self._is_unweighted else None,
            position=self._position(part),
            groups=self._records.groups(part) if len(weight) else (),
            columns=part,
        )

    def _position(self, part: dict[str, NDArray[Any]]) -> tuple[Number, Number, Number, Number]:
        place: list[Number] = [0.0, 0.0, 0.0, 0.0]
        for name in self._place_columns():
            lengths = name in _POSITIONS
            units = (_LENGTHS_IN_CM if lengths else _TIMES_IN_NS)[self._known[name].units]
            place[_POSITIONS.index(name) if lengths else 3] = part[name] * units
        return place[0], place[1], place[2], place[3]

    def _place_columns(self) -> list[str]:
        """Return the columns of the position and time of events; all of them are optional."""
        time = [name for name in _TIMES if name in self._known][:1]
        return [name for name in (*_POSITIONS, *time) if self._has_units(self._known.get(name))]

    @staticmethod
    def _has_units(column: Column | None) -> bool:
        return column is not None and column.units in {**_LENGTHS_IN_CM, **_TIMES_IN_NS}

    @property
    def _is_unweighted(self) -> bool:
        """Whether all events but overweight events have the same weight."""
        survey = self._survey
        one_weight = survey.largest - survey.least <= 1e-12 * survey.largest
        return self._unweighting is not None or self._already_unweighted or one_weight

    @property
    def _unit(self) -> float:
        """Weight of an event that is not overweight."""
        return 1.0 if self._unweighting is not None else self._survey.least

    def _require(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self._known]
        if missing:
            raise FileError(f"'{self._path}' lacks the column '{missing[0]}', which particles need; make it again")

    def _read(self, names: Sequence[str], start: int) -> dict[str, NDArray[Any]]:
        stop = min(start + READ_ROWS, self._file.rows)
        wanted = set(names) | ({self._inside} if self._inside is not None else set())
        read = {name: self._file.column(name, start, stop) for name in sorted(wanted)}
        for name, values in read.items():
            require_sound_column(name, values, start, self._path)
            if self._part is not None and name in self._weights:
                read[name] = values * self._part.factor
        if self._inside is not None:
            inside = read[self._inside]
            read |= {name: values * inside for name, values in read.items() if name in self._weights}
            read[self._inside] = np.ones_like(inside)
        return read

    def _maximum_weight(self) -> float:
        """Return the weight above which events carry `OVERWEIGHT_SHARE` of the total."""
        total = 0.0
        for block in self._weight_blocks():
            total += float(np.sum(block))
        return maximum_weight(self._weight_blocks(), total, OVERWEIGHT_SHARE)

    def _weight_blocks(self) -> Iterator[FloatArray]:
        for start in range(0, self._file.rows, READ_ROWS):
            yield self._read(["weight"], start)["weight"]

    def _look_through(self) -> _Survey:
        survey, last, self._total = _Survey(), -1, 0.0
        names = ["event_id", "weight", self._energy, *self._records.processes.columns]
        for start in range(0, self._file.rows, READ_ROWS):
            read = self._read(names, start)
            weight = read["weight"]
            numbers = np.concatenate([[last], read["event_id"].astype(np.int64)])
            falling = np.flatnonzero(np.diff(numbers) <= 0)
            if falling.size:
                row = start + int(falling[0])
                raise FileError(f"'{self._path}' is not sorted by event_id: see its event {row}; sort it first")
            if np.any(weight < 0.0):
                row = start + int(np.flatnonzero(weight < 0.0)[0])
                raise FileError(f"'{self._path}': the weight of event {row} is negative; make the file again")
            last = int(numbers[-1])
            self._total += float(np.sum(weight))
            places: slice | NDArray[np.int64] = slice(None)
            if self._unweighting is not None:
                places, weight = self._unweighting.kept(weight, start)
            processes = self._records.processes.numbers(read)[places]
            energy = read[self._energy]
            survey.add(weight, processes, (energy if energy.ndim == 1 else energy[:, 0])[places])
        survey.last_number = last
        if not survey.weight > 0.0:
            raise FileError(f"'{self._path}' holds only events of weight 0; make it again")
        survey.overweight = self._count_overweight()
        return survey

    def _count_overweight(self) -> int:
        if self._unweighting is None:
            return int(self._file.attributes.get("overweight_events", 0))
        above = 0
        for start in range(0, self._file.rows, READ_ROWS):
            above += int(np.count_nonzero(self._read(["weight"], start)["weight"] > self._unweighting.w_max))
        return above


def _energy_column(columns: Sequence[Column]) -> str:
    """Return the column with the energy of the beam particle: its own, or its four-momentum."""
    names = {column.name for column in columns}
    incoming = names_of(columns, Role.INCOMING)
    if "e_nu" not in names and not incoming:
        raise InputError("no column has the role incoming, so that the energy of the beam is not known")
    return "e_nu" if "e_nu" in names else incoming[0]
