"""Apply cuts to a file of events, also of another generator."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tridentgen.analysis.cut_flow import CutSums, cut_sums
from tridentgen.analysis.cut_results import CutFlow, Scale
from tridentgen.cards import CardError, parse_card, read_card
from tridentgen.engines.process import Role
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.columns import names_of
from tridentgen.events.cuts_card import cut_overrides, cuts_of_options
from tridentgen.events.observables import Cut, Observable
from tridentgen.events.output import check_output
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import EventFile, name_unnormalised, open_events, require_events
from tridentgen.events.selected import write_passing
from tridentgen.exchange.importing.candidates import COLUMNS, OTHER, Candidates, other_kinetic_GeV
from tridentgen.exchange.importing.formats import is_foreign, open_foreign
from tridentgen.exchange.importing.found import Found, Reader, batched
from tridentgen.exchange.importing.tables import NoTridentError, blocks, require_finite, require_positive
from tridentgen.processes.base import ReactionKind, Sort
from tridentgen.processes.kinds import TRIDENT, columns_of, kind_of
from tridentgen.processes.trident.observables import OTHER_KINETIC
from tridentgen.progress import Progress, silent
from tridentgen.typing import Columns

PAIRS = Observable("pairs", "")
"""Number of candidate pairs in an event of another generator."""

_NAME_THEM = "name the particles taken for the leptons, as in --minus mu- pi- --plus mu+ pi+"


@dataclass(frozen=True)
class CutRequest:
    """Cuts requested by the user.

    Attributes
    ----------
    options : tuple of str
        ``KEY=VALUE`` with the keys of [cuts].
    card : path or name of a card, or None
        Its [cuts] are used, overridden by the options.
    candidates : Candidates or None
        Particles of another generator taken for the leptons: events with exactly one pair pass.
    veto_GeV : float or None
        Events with another visible particle of more kinetic energy are rejected.
    weight : str or None
        Name of the weight of HepMC that is taken; that named CV, or the only one, unless given.
    """

    options: tuple[str, ...] = ()
    card: str | Path | None = None
    candidates: Candidates | None = None
    veto_GeV: float | None = None
    weight: str | None = None

    def steps(self, kind: ReactionKind, path: Path, stored: str | None = None) -> tuple[list[Cut], tuple[str, ...]]:
        """Return the cuts in order, and each in words; raise `InputError` if there are none.

        If neither options nor a card give cuts, those of the card `stored` in the file are used.
        """
        steps: list[Cut] = []
        words: list[str] = []
        if self.candidates is not None:
            steps.append(Cut(PAIRS, 1.0, 1.0))
            words.append("one candidate pair")
        if self.veto_GeV is not None:
            if kind.veto is None:
                raise InputError(f"--veto-kinetic is for tridents; '{path}' holds {kind.events_are}")
            steps.append(Cut(kind.veto, high=self.veto_GeV))
            words.append(f"nothing else above {self.veto_GeV:g} GeV")
        given = self._given(kind, stored)
        if not (given or steps):
            raise InputError(f"no cuts are given for '{path}'; give --cut KEY=VALUE or --card CARD")
        return [*steps, *given], (*words, *(cut.words for cut in given))

    def _given(self, kind: ReactionKind, stored: str | None) -> tuple[Cut, ...]:
        """Return the cuts on observables."""
        if self.card is not None:
            card = read_card(self.card, cut_overrides(self.options))
            if card.kind.observables != kind.observables:
                raise InputError(f"--card {self.card}: is for {card.kind.name}, the events are from {kind.name}")
            return card.cuts.cuts
        if self.options:
            cuts, mistakes = cuts_of_options(self.options, kind.observables)
            if mistakes:
                raise CardError(*mistakes)
            return cuts.cuts
        try:
            return () if stored is None else parse_card(stored).cuts.cuts
        except TridentgenError:  # of another version
            return ()


def apply_cuts(
    path: str | Path,
    cuts: CutRequest,
    output: str | Path | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> CutFlow:
    """Apply cuts to the events of a file, block by block.

    Parameters
    ----------
    path
        An event file, or HepMC or HEPEVT of any generator.
    cuts : CutRequest
    output
        File for the events that pass; for event files only.
    force : bool
        Overwrite the output.
    progress : callable

    Raises
    ------
    InputError, FileError
        No cuts or cuts that do not apply, a file that cannot be read or written, or events that lack an observable.
    """
    path, target = Path(path), None if output is None else Path(output)
    if is_foreign(path):
        if target is not None:
            raise InputError(
                f"--output {target}: needs an event file; convert '{path}' with 'tridentgen convert' first"
            )
        return _cut_foreign(open_foreign(path, cuts.weight), cuts)
    if cuts.weight is not None:
        raise InputError(f"--weight goes with HepMC, not with '{path}'; leave it out")
    if cuts.candidates is not None:
        raise InputError(f"--minus and --plus go with HepMC and HEPEVT, not with '{path}'; leave them out")
    if target is not None:
        if target.exists() and path.exists() and target.samefile(path):
            raise InputError(f"--output {target}: is the file that is read; choose another one")
        check_output(target, force)
    with open_events(path) as file:
        name_unnormalised(file)
        flow, steps = _cut_event_file(file, cuts, progress)
        if target is not None:
            cuts_alone = flow.steps[: len(steps)]
            sigma = flow.scale.amount(flow.whole, flow.whole, len(steps) - 1)
            rows = write_passing(file, target, steps, cuts_alone, sigma.error, force=force)
            flow = replace(flow, output=target, written=rows)
    return flow


def _cut_event_file(file: EventFile, cuts: CutRequest, progress: Progress) -> tuple[CutFlow, list[Cut]]:
    """Return the cut flow of an event file, and the cuts."""
    require_events(file)
    part_of_run(file.attributes, file.path)  # refuses numbers that contradict each other
    kind = kind_of(file.attributes, file.path)
    columns = columns_of(file.columns, file.attributes)
    known, detector = {column.name for column in columns}, names_of(columns, Role.ACCEPTANCE)
    steps, words = cuts.steps(kind, file.path, file.attributes.get("card"))
    sort = _grouping(kind, known)
    needed = {"weight", *detector, *_needed(steps, known, file.path), *([sort.column] if sort else [])}

    def batches() -> Iterator[Columns]:
        done = 0
        for block in file.sound_blocks(sorted(needed)):
            done += len(block["weight"])
            progress("cutting", done / file.rows)
            yield block

    sums = cut_sums(batches(), steps, _column(sort))
    words = (*words, *(["detector"] if detector else []))
    groups = _by_name(sums, sort, file.attributes)
    return CutFlow(file.path, kind.events_are, words, groups, _scale(file.attributes)), steps


def _scale(known: Mapping[str, Any]) -> Scale:
    """Return the normalisation of the weights from the attributes of a file."""
    if "sigma" not in known:
        return Scale(None, None, math.inf)
    trials = float(known.get("n_trials", math.inf))
    better = known.get("unweighted") or "sigma_error" not in known  # than from these events
    return Scale(float(known["sigma"]), float(known.get("sigma_error", 0.0)) if better else None, trials)


def _cut_foreign(reader: Reader, cuts: CutRequest) -> CutFlow:
    """Return what is left of the events of another generator."""
    path = reader.path
    if cuts.candidates is None:
        chosen, batches = None, _as_they_are(reader)
    else:
        chosen = cuts.steps(TRIDENT, path)
        batches = _paired(reader, cuts.candidates, *chosen)
    first = next(batches, None)
    if first is None:
        raise FileError(f"'{path}' holds no events; make it again")
    kind, columns = first
    steps, words = cuts.steps(kind, path) if chosen is None else chosen
    _needed(steps, columns, path)
    sort = _grouping(kind, columns)
    sums = cut_sums(chain([columns], (more for _, more in batches)), steps, _column(sort))
    total, squares, events = (sum(float(part.all[i]) for part in sums.values()) for i in range(3))
    require_positive(total, math.sqrt(squares * events), path)
    what = "candidates" if cuts.candidates is not None else kind.events_are
    sigma = reader.sigma_cm2
    scale = Scale(sigma, None if sigma is None else 0.0, math.inf)
    return CutFlow(path, what, words, _by_name(sums, sort, {}), scale, notes=reader.notes.lines(path))


def _as_they_are(reader: Reader) -> Iterator[tuple[ReactionKind, Columns]]:
    """Return the columns of tridents or CEvNS; raise `InputError` where the events are something else."""
    try:
        for block in blocks(_whole(reader.events()), reader.path, reader.notes):
            if block.kind.veto is not None:
                pairs = zip(block.found, block.roles, strict=True)
                others = [other_kinetic_GeV(event, (roles.minus, roles.plus)) for event, roles in pairs]
                yield block.kind, {**block.columns, block.kind.veto.name: np.array(others)}
            else:
                yield block.kind, block.columns
    except NoTridentError as error:
        raise InputError(f"{error}; {_NAME_THEM}") from error


def _whole(events: Iterable[Found]) -> Iterator[Found]:
    """Return the events; raise `FileError` if one lacks its incoming particles."""
    for event in events:
        if event.flaw:
            raise FileError(f"{event.flaw}; or {_NAME_THEM}")
        yield event


def _paired(
    reader: Reader, candidates: Candidates, steps: Sequence[Cut], words: Sequence[str]
) -> Iterator[tuple[ReactionKind, Columns]]:
    """Return the columns of candidates."""
    along = [word for cut, word in zip(steps, words, strict=True) if "p4_nu_in" in cut.observable.needed(COLUMNS)]
    for found in batched(reader.events()):
        columns = candidates.columns(found, reader.path, next(iter(along), ""))
        require_finite(columns, found, reader.path)
        yield TRIDENT, columns


def _needed(cuts: Iterable[Cut], known: Collection[str], path: Path) -> set[str]:
    """Return the columns that the cuts need; raise `InputError` for observables these events lack."""
    found: set[str] = set()
    for each in cuts:
        columns, name = each.observable.needed(known), each.observable.name
        if not columns and each.observable is OTHER_KINETIC:
            raise InputError(f"the events of '{path}' lack regime or recoil_energy; leave --veto-kinetic out")
        if not columns:
            raise InputError(f"the events of '{path}' have no '{name}' to cut on; leave {name}_min and {name}_max out")
        found.update(columns)
    return found


def _grouping(kind: ReactionKind, known: Collection[str]) -> Sort | None:
    """Return the classes by which a cut flow is listed; None if the events lack that label."""
    sort = None if kind.groups is None else kind.sorts[kind.groups]
    return sort if sort is not None and sort.column in known else None


def _column(sort: Sort | None) -> str | None:
    return None if sort is None else sort.column


def _by_name(sums: Mapping[int, CutSums], sort: Sort | None, attributes: Mapping[str, Any]) -> dict[str, CutSums]:
    """Return the sums by class name; all together if there are no classes."""
    if sort is None or set(sums) == {OTHER}:
        return {"all": next(iter(sums.values()))}
    names = {**sort.labels(attributes), OTHER: "other"}
    return {names[code] if code in names else sort.name_of(code): sums[code] for code in sorted(sums)}
