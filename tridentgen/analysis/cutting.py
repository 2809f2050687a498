"""From events, also those of another generator, and cuts to what is left of them: the whole job."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from tridentgen.analysis.cut_flow import Columns, CutSums, Limits, cut_sums, in_words
from tridentgen.analysis.cut_results import CutFlow, Scale
from tridentgen.cards import CardError, parse_card, read_card
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.cuts_card import CutsCard, cut_overrides, cuts_of_options
from tridentgen.events.observables import columns_of
from tridentgen.events.output import check_output
from tridentgen.events.reader import EventFile, open_events
from tridentgen.events.selected import write_passing
from tridentgen.exchange.importing.candidates import OTHER, Candidates, other_kinetic_GeV
from tridentgen.exchange.importing.formats import is_foreign, open_foreign
from tridentgen.exchange.importing.found import Found, Reader, batched
from tridentgen.exchange.importing.tables import blocks, require_finite
from tridentgen.processes.cevns.observables import CEVNS_OBSERVABLES
from tridentgen.processes.trident.columns import REGIME_NAMES
from tridentgen.processes.trident.labels import regime_name
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES
from tridentgen.progress import Progress, silent

_NAME_THEM = "name what is taken for the leptons, as in --minus mu- pi- --plus mu+ pi+"


@dataclass(frozen=True)
class Cuts:
    """What is asked for.

    Attributes
    ----------
    options : tuple of str
        ``KEY=VALUE`` with the keys of [cuts].
    card : path or name of a card, or None
        Its [cuts] are taken, with the options laid over them.
    candidates : Candidates or None
        Which particles of another generator are taken for the leptons: events with one pair of them pass.
    veto_GeV : float or None
        Events with another visible particle of more kinetic energy are rejected.
    """

    options: tuple[str, ...] = ()
    card: str | Path | None = None
    candidates: Candidates | None = None
    veto_GeV: float | None = None

    def steps(self, *, coherent: bool, path: Path, stored: str | None = None) -> tuple[Limits, tuple[str, ...]]:
        """Return the limits in their order, and each in words; raise `InputError` where there are none.

        Where neither options nor a card say what to cut, the card `stored` in the file does.
        """
        limits: dict[str, tuple[float, float]] = {}
        words: list[str] = []
        if self.candidates is not None:
            limits["pairs"] = (1.0, 1.0)
            words.append("one candidate pair")
        if self.veto_GeV is not None:
            if coherent:
                raise InputError(f"--veto-kinetic goes with tridents; '{path}' holds coherent scattering")
            limits["other_kinetic"] = (-math.inf, self.veto_GeV)
            words.append(f"nothing else above {self.veto_GeV:g} GeV")
        given = self._given(coherent=coherent, stored=stored)
        if not (given or limits):
            raise InputError(f"there is nothing to cut on in '{path}'; give --cut KEY=VALUE or --card CARD")
        observables = CEVNS_OBSERVABLES if coherent else TRIDENT_OBSERVABLES
        return {**limits, **given}, (*words, *in_words(given, observables))

    def _given(self, *, coherent: bool, stored: str | None) -> Limits:
        """Return the cuts on observables."""
        if self.card is not None:
            card = read_card(self.card, cut_overrides(self.options))
            if (card.process.kind == "cevns") != coherent:
                raise InputError(f"--card {self.card}: is of {card.process.kind}, the events are of another process")
            return card.cuts.limits
        if self.options:
            cuts, mistakes = cuts_of_options(self.options, CEVNS_OBSERVABLES if coherent else TRIDENT_OBSERVABLES)
            if mistakes:
                raise CardError(*mistakes)
            return cuts.limits
        try:
            return CutsCard().limits if stored is None else parse_card(stored).cuts.limits
        except TridentgenError:  # of another version
            return CutsCard().limits


def cut(
    path: str | Path, cuts: Cuts, output: str | Path | None = None, *, force: bool = False, progress: Progress = silent
) -> CutFlow:
    """Apply cuts to the events of a file, block by block.

    Parameters
    ----------
    path
        An event file, or HepMC or HEPEVT of any generator.
    cuts : Cuts
    output
        Where the events that pass are written; for event files alone.
    force : bool
        Overwrite the output.
    progress : callable

    Raises
    ------
    InputError, FileError
        Cuts that are none or do not fit, a file that cannot be read or written, or events without what is cut on.
    """
    path, target = Path(path), None if output is None else Path(output)
    if is_foreign(path):
        if target is not None:
            raise InputError(
                f"--output {target}: goes with event files; make one of '{path}' with 'tridentgen convert' before"
            )
        return _cut_foreign(open_foreign(path), cuts)
    if cuts.candidates is not None:
        raise InputError(f"--minus and --plus go with HepMC and HEPEVT, not with '{path}'; leave them out")
    if target is not None:
        if target.exists() and path.exists() and target.samefile(path):
            raise InputError(f"--output {target}: is the file that is read; choose another one")
        check_output(target, force)
    with open_events(path) as file:
        flow, limits = _cut_event_file(file, cuts, progress)
        if target is not None:
            cuts_alone = flow.steps[: len(limits)]
            sigma = flow.scale.amount(flow.whole, flow.whole, len(limits) - 1)
            rows = write_passing(file, target, limits, cuts_alone, sigma.error, force=force)
            flow = replace(flow, output=target, written=rows)
    return flow


def _cut_event_file(file: EventFile, cuts: Cuts, progress: Progress) -> tuple[CutFlow, Limits]:
    """Return what is left of an event file, and the limits on its events."""
    known, coherent = {column.name for column in file.columns}, file.attributes.get("process") == "cevns"
    limits, words = cuts.steps(coherent=coherent, path=file.path, stored=file.attributes.get("card"))
    groups = "regime" if "regime" in known and not coherent else None
    detector = {"acceptance"} & known
    needed = {"weight", *detector, *_needed(limits, known, file.path), *([groups] if groups else [])}

    def batches() -> Iterator[Columns]:
        done = 0
        for block in file.blocks(sorted(needed)):
            done += len(block["weight"])
            progress("cutting", done / file.rows)
            yield block

    sums = cut_sums(batches(), limits, groups)
    if not sums:
        raise FileError(f"'{file.path}' holds no events; loosen the cuts of its card and make it again")
    what = "coherent scattering" if coherent else "tridents"
    words = (*words, *(["detector"] if detector else []))
    return CutFlow(file.path, what, words, _by_name(sums, groups), _scale(file.attributes)), limits


def _scale(known: Mapping[str, Any]) -> Scale:
    """Return what the attributes of a file say of its weights."""
    if "sigma" not in known:
        return Scale(None, None, math.inf)
    trials = float(known.get("n_trials", math.inf))
    better = known.get("unweighted") or "sigma_error" not in known  # than these events say themselves
    return Scale(float(known["sigma"]), float(known.get("sigma_error", 0.0)) if better else None, trials)


def _cut_foreign(reader: Reader, cuts: Cuts) -> CutFlow:
    """Return what is left of the events of another generator."""
    path, events = reader.path, reader.events()
    batches = _as_they_are(events, path) if cuts.candidates is None else _paired(events, cuts.candidates, path)
    first = next(batches, None)
    if first is None:
        raise FileError(f"'{path}' holds no events; make it again")
    coherent = "regime" not in first
    limits, words = cuts.steps(coherent=coherent, path=path)
    _needed(limits, first, path)
    groups = None if coherent else "regime"
    sums = cut_sums(chain([first], batches), limits, groups)
    what = "candidates" if cuts.candidates is not None else "coherent scattering" if coherent else "tridents"
    sigma = reader.sigma_cm2
    return CutFlow(path, what, words, _by_name(sums, groups), Scale(sigma, None if sigma is None else 0.0, math.inf))


def _as_they_are(events: Iterable[Found], path: Path) -> Iterator[Columns]:
    """Return the columns of tridents or of coherent scattering; raise where the events are something else."""
    try:
        for block in blocks(_whole(events), path):
            if block.is_trident:
                pairs = zip(block.found, block.roles, strict=True)
                others = [other_kinetic_GeV(event, (roles.minus, roles.plus)) for event, roles in pairs]
                yield {**block.columns, "other_kinetic": np.array(others)}
            else:
                yield block.columns
    except InputError as error:
        raise InputError(f"{error}; {_NAME_THEM}") from error


def _whole(events: Iterable[Found]) -> Iterator[Found]:
    """Return the events; raise `FileError` where one lacks its incoming particles."""
    for event in events:
        if event.flaw:
            raise FileError(f"{event.flaw}; or {_NAME_THEM}")
        yield event


def _paired(events: Iterable[Found], candidates: Candidates, path: Path) -> Iterator[Columns]:
    """Return the columns of candidates."""
    for found in batched(events):
        columns = candidates.columns(found)
        require_finite(columns, found, path)
        yield columns


def _needed(limits: Limits, known: Collection[str], path: Path) -> set[str]:
    """Return the columns that the limits take; raise `InputError` for what these events do not have."""
    found: set[str] = set()
    for name in limits:
        columns = columns_of(name, known)
        if not columns and name == "other_kinetic":
            raise InputError(f"the events of '{path}' lack regime or recoil_energy; leave --veto-kinetic out")
        if not columns:
            raise InputError(f"the events of '{path}' have no '{name}' to cut on; leave {name}_min and {name}_max out")
        found.update(columns)
    return found


def _by_name(sums: Mapping[int, CutSums], groups: str | None) -> dict[str, CutSums]:
    """Return the sums by the names of the regimes; all together where there are none."""
    if groups is None or set(sums) == {OTHER}:
        return {"all": next(iter(sums.values()))}
    names = {OTHER: "other", **{code: regime_name(code) for code in range(len(REGIME_NAMES))}}
    return {names.get(code, str(code)): sums[code] for code in sorted(sums)}
