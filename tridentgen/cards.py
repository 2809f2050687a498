"""Run cards: TOML text, validated into frozen dataclasses; all mistakes are reported together, each with its line.

The keys are the fields of the dataclasses below. Values are checked here as far as the card alone allows; flux files
and energies below threshold are checked when the card is used, and `Card.blaming` adds the position in the card to
errors found then.
"""

from __future__ import annotations

import dataclasses
import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tridentgen.detector.card import DetectorCard, read_detector_table
from tridentgen.detector.placement_card import PLACEMENT_KEYS, PlacementCard, read_placement_tables
from tridentgen.engines import ENGINES
from tridentgen.errors import FileError, InputError, nearest
from tridentgen.events.cuts_card import CutsCard, read_cuts_table
from tridentgen.fit_card import FitCard, read_fit_table
from tridentgen.floor_card import FloorCard, read_floor_table
from tridentgen.flux.card import FluxCard, fit_flux_overrides, read_flux_table
from tridentgen.matter.materials import material
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.base import ProcessTable, Reaction, ReactionKind
from tridentgen.processes.kinds import TRIDENT, kind_named, kind_names, kind_spelt
from tridentgen.resources import builtin_card, builtin_cards, cards_dir
from tridentgen.toml.positions import Key, dump
from tridentgen.toml.tables import (
    FRACTION,
    Document,
    Override,
    Table,
    boolean,
    integer,
    key_in_front,
    named,
    number,
    one_of,
    show,
    string,
)

MOST_EVENTS = 10**12
_LARGEST_CARD = 1 << 20

_COUNT = integer(1, MOST_EVENTS)
_AMOUNT = number("a positive number up to 1e40", lambda x: 0.0 < x <= 1e40)


class CardError(InputError):
    """A card with mistakes: `messages` holds one line for each, and the text of the error is all of them."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages

    def __str__(self) -> str:
        return "\n".join(self.messages)


@dataclass(frozen=True)
class ExposureCard:
    """Exposure of a measurement, ``[exposure]``: target mass in tonnes, protons on target, years of running.

    `pot` is the number of protons in the whole exposure, or of muon decays for a flux per decay. `years` of 365.25 days
    apply to a flux per second. `material` is the material of the mass if it is not the target of the process.
    """

    mass_t: float | None = None
    pot: float | None = None
    years: float | None = None
    material: str | None = None

    @property
    def is_material_alone(self) -> bool:
        """Whether it gives a material but no amount."""
        return self.material is not None and (self.mass_t, self.pot, self.years) == (None, None, None)


@dataclass(frozen=True)
class SamplingCard:
    """Sampling and computing, ``[sampling]``.

    `rel_error` is the relative precision goal of a cross section; `fast` allows fused multiply-add in compiled engines.
    """

    events: int = 100_000
    seed: int = 1
    engine: str = "auto"
    fast: bool = False
    rel_error: float = 1e-3
    threads: int | None = None
    training_points: int | None = None


@dataclass(frozen=True)
class OutputCard:
    """Destination of the events, ``[output]``."""

    path: str | None = None


@dataclass(frozen=True)
class Card:
    """A validated run card. `text` is its TOML with the overrides applied, `path` the file it came from."""

    title: str
    kind: ReactionKind
    process: ProcessTable
    model: Any
    flux: FluxCard
    detector: DetectorCard | None
    placement: PlacementCard | None
    exposure: ExposureCard | None
    sampling: SamplingCard
    cuts: CutsCard
    output: OutputCard
    path: Path | None
    text: str
    fit: FitCard | None = None
    floor: FloorCard | None = None
    places: Mapping[Key, str] = field(default_factory=dict, repr=False, compare=False)
    """Position of each table and key as quoted in messages; the empty key stands for the whole card."""

    @contextmanager
    def blaming(self, *key: str) -> Iterator[None]:
        """Prefix errors raised inside the ``with`` block with the position and the name of `key`.

        An `InputError` that begins with the name of another key of the card gets the position of that key.
        """
        try:
            yield
        except FileError as error:
            raise FileError(f"{self._blame(key)}: {error}") from error
        except CardError:  # already has a position
            raise
        except InputError as error:
            named = key_in_front(str(error))
            front = self.where(named) if named[:1] in self.places else self._blame(key)
            raise CardError(f"{front}: {error}") from error

    def _blame(self, key: Key) -> str:
        place = self.where(key)  # a command-line option already names its key
        return place if place.startswith("--") else f"{place}: {'.'.join(map(str, key))}"

    def where(self, key: Key) -> str:
        """Return the position of `key`, or of the enclosing table: ``mine.toml:3``, ``--set flux.path=x``."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key, "the card")

    @property
    def reaction(self) -> Reaction:
        """The process."""
        if not self.process.target:
            raise CardError(
                f"{self.where(('process',))}: key 'process.target' is missing: only tridentgen rate sums over the "
                "nuclides of exposure.material; give one of them as target"
            )
        return self.process.reaction(self.model)

    @property
    def base_dir(self) -> Path:
        """Base folder of relative paths of the card: its own folder, or the working directory for a built-in card."""
        if self.path is None or self.path.resolve().parent == cards_dir():
            return Path.cwd()
        return self.path.parent


def read_card(path_or_name: str | Path, overrides: Sequence[str | Override] = ()) -> Card:
    """Read a card from a file, or a built-in card by name.

    Parameters
    ----------
    path_or_name : str or Path
        A path, the name of a built-in card such as ``"quickstart"``, or ``"-"`` for standard input.
    overrides : sequence of str or Override
        A string is ``KEY=VALUE``, such as ``process.target=C12``; later overrides take precedence.

    Raises
    ------
    CardError
        With one line for every mistake in the card or the overrides.
    FileError
        The file cannot be read, is too large or is not text.
    InputError
        There is neither a built-in card nor a file of that name.
    """
    if str(path_or_name) == "-":
        data = sys.stdin.buffer.read(_LARGEST_CARD + 1)
        return parse_card(_decoded(data, "standard input"), path="standard input", overrides=overrides)
    path = builtin_card(str(path_or_name)) or Path(path_or_name)
    card = parse_card(_read_text(path), path=str(path), overrides=overrides)
    return dataclasses.replace(card, path=path)


def parse_card(text: str, *, path: str = "<card>", overrides: Sequence[str | Override] = ()) -> Card:
    """Validate the TOML `text` of a card; `path` is its name in messages.

    Raises
    ------
    CardError
        With one line for every mistake in the card or the overrides.
    """
    document = Document(text, path, overrides)
    if not document.parsed:
        raise CardError(*document.messages)
    fit_flux_overrides(document)
    card = _card(document)
    if document.messages:
        raise CardError(*document.messages)
    text = dump(document.data) if overrides else text
    return dataclasses.replace(card, text=text, places=document.places())


def _read_text(path: Path) -> str:
    """Return the text of `path`, reading at most the maximum size of a card."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_CARD + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        known = builtin_cards()
        if isinstance(error, FileNotFoundError) and path.name == str(path) and not path.suffix:
            raise InputError(
                f"no built-in card or file is called '{path}'{nearest(str(path), known)}; "
                f"built-in cards are {', '.join(known)}"
            ) from error
        reason = getattr(error, "strerror", None) or str(error)
        hint = f"; the built-in card is called '{path.stem}'" if path.stem in known else ""
        raise FileError(f"cannot read the card '{path}': {reason}{hint}") from error
    return _decoded(data, f"'{path}'")


def _decoded(data: bytes, name: str) -> str:
    """Return the text of a card; raise `FileError` if it is too long or no text."""
    if len(data) > _LARGEST_CARD:
        raise FileError(f"{name} is larger than 1 MiB: not a card")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise FileError(f"{name} is not a UTF-8 text file: not a card")
    return text


def _card(document: Document) -> Card:
    """Read all tables; mistakes are recorded in `document` and replaced by placeholder values."""
    root = Table(document, (), document.data)
    exposure = root.table("exposure")
    kind, process, model = _process_and_model(root)
    flux = root.table("flux", required=True)
    detector, placement = _detector(root, kind)
    card = Card(
        title=root.read("title", string, ""),
        kind=kind,
        process=process,
        model=model,
        flux=read_flux_table(flux, process.neutrino, one_spectrum=kind.one_flux, projectile=kind.projectile),
        detector=detector,
        placement=placement,
        exposure=_exposure(exposure, process, kind) if exposure.present else None,
        sampling=_sampling(root.table("sampling")),
        cuts=read_cuts_table(root.table("cuts"), kind.observables),
        output=_output(root.table("output")),
        path=None,
        text="",
        fit=read_fit_table(root.table("fit")),
        floor=read_floor_table(root.table("floor"), kind.name),
    )
    root.finish()
    return card


def _process_and_model(root: Table) -> tuple[ReactionKind, ProcessTable, Any]:
    document = root.document
    before = document.flaws
    table = root.table("process", required=True)
    if table.present and "kind" not in table.data:
        _complain_of_no_kind(table)
    kind = kind_named(table.read("kind", _kind_name, TRIDENT.name))
    if table.present and document.flaws > before:  # the meaning of the other keys is unknown
        raise CardError(*document.messages)
    return kind, *kind.read(table, root.table("model"))


def _complain_of_no_kind(table: Table) -> None:
    """Note that the key is missing, or misspelt."""
    meant = {name.casefold(): name for name in table.data}
    near = meant.get("kind") or next(iter(difflib.get_close_matches("kind", list(table.data), 1)), None)
    if near is None:
        message = f"key 'process.kind' is missing; give one of {', '.join(kind_names())}"
        table.document.complain((*table.key, "kind"), message)
    else:
        table.document.complain((*table.key, near), f"unknown key 'process.{near}', did you mean 'kind'?")


def _kind_name(value: object) -> str:
    """Return the name of a kind, also of one in another spelling."""
    text = string(value)
    found = kind_spelt(text)
    if found is None:
        hint = nearest(text.casefold(), kind_names())
        raise InputError(f"must be one of {', '.join(kind_names())}, not {show(text)}{hint}")
    return found.name


def _detector(root: Table, kind: ReactionKind) -> tuple[DetectorCard | None, PlacementCard | None]:
    """Read the detector response and the placement of events in space and time; each is optional."""
    table = root.table("detector")
    placement = read_placement_tables(table)
    response = [name for name in table.data if name not in PLACEMENT_KEYS]
    if not response and placement is not None:
        return None, placement
    if table.present and not kind.has_response:
        alone = f"; only {', '.join(PLACEMENT_KEYS)} go with them" if placement is not None else "; leave it out"
        at = ("detector", response[0]) if placement is not None else ("detector",)
        with_one = " or ".join(f"'{name}'" for name in kind_names() if kind_named(name).has_response)
        said = f"belongs to process.kind = {with_one}: there is no detector response to {kind.events_are}{alone}"
        root.document.refuse(at, said)
        table.accept_the_rest()
        return None, placement
    return read_detector_table(table), placement


def _exposure(table: Table, process: ProcessTable, kind: ReactionKind) -> ExposureCard:
    amounts = {name: table.read(name, _AMOUNT, None) for name in ("mass_t", "pot", "years")}
    name = table.read("material", named(material), None)
    if name is not None and not kind.of_nuclide:
        table.complain("material", f"does not go with {kind.events_are}: their target is process.target")
    elif name is not None and process.target:
        try:
            material(name).number_of(nuclide(process.target))
        except InputError as error:
            table.complain("material", f"does not contain process.target = '{process.target}': {error}")
    return ExposureCard(**amounts, material=name)


def _sampling(table: Table) -> SamplingCard:
    default = SamplingCard()
    return SamplingCard(
        events=table.read("events", _COUNT, default.events),
        seed=table.read("seed", integer(0, 2**63 - 1), default.seed),
        engine=table.read("engine", one_of(ENGINES), default.engine),
        fast=table.read("fast", boolean, default.fast),
        rel_error=table.read("rel_error", FRACTION, default.rel_error),
        threads=table.read("threads", integer(1, 1024), default.threads),
        training_points=table.read("training_points", _COUNT, default.training_points),
    )


def _output(table: Table) -> OutputCard:
    return OutputCard(path=table.read("path", string, None))
