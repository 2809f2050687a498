"""A figure: numbers computed from a card, and a picture drawn from the numbers alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from tridentgen.analysis.epa_comparison import Sampling
from tridentgen.analysis.pair_rates import require_common_model
from tridentgen.cards import Card, read_card
from tridentgen.errors import InputError
from tridentgen.flux import Flux
from tridentgen.flux.facility import own_file_keys
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.base import only_flux
from tridentgen.processes.trident.card import ProcessCard
from tridentgen.processes.trident.pairs import Pair, lepton_pairs
from tridentgen.processes.trident.targets import simple_regimes
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress
from tridentgen.runs.job import beam_of
from tridentgen.toml.tables import Override

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = TypeVar("Numbers")

REGIMES = ("coherent", "diffractive")


@dataclass(frozen=True)
class Request:
    """Input of a figure.

    Attributes
    ----------
    card : Card
    energies_GeV : tuple of float, or None
        Neutrino energies in place of those of the figure.
    flux_folder : Path, or None
        Folder with the flux files.
    overrides : sequence of str or Override
        Keys to set in the cards of figures with their own cards.
    """

    card: Card
    energies_GeV: tuple[float, ...] | None = None
    flux_folder: Path | None = None
    overrides: Sequence[str | Override] = ()

    @property
    def process(self) -> ProcessCard:
        """The trident process of the card; raise `InputError` for another process."""
        process = self.card.process
        if not isinstance(process, ProcessCard):
            raise InputError(f"{self.card.where(('process', 'kind'))}: process.kind must be a trident for this figure")
        return process

    @cached_property
    def sampling(self) -> Sampling:
        """The sampling settings of the card."""
        return Sampling.of(self.card)

    @cached_property
    def beam(self) -> Flux:
        """The flux of the card's neutrino."""
        _ = self.process
        return only_flux(beam_of(self.card))

    def regimes(self, names: Sequence[str] = REGIMES) -> tuple[str, ...]:
        """Return those of the given regimes that the target has; hydrogen has no coherent regime."""
        _ = self.card.reaction  # raises an error for a wrong target
        target = nuclide(self.process.target)
        return tuple(name for name in names if simple_regimes(target, (name,)))

    def open_tridents(self, regimes: Sequence[str]) -> list[Trident]:
        """Return the processes of all pairs of e and mu above threshold in the flux; raise `InputError` if none is."""
        pairs = lepton_pairs(self.process.neutrino, ("e", "mu"))
        found = [self.trident(pair, regime) for pair in pairs for regime in regimes]
        highest = self.beam.energy_max_GeV
        above = [trident for trident in found if highest > trident.threshold_GeV()]
        if not above:
            lowest = min(trident.threshold_GeV() for trident in found)
            raise InputError(
                f"{self.card.where(('flux',))}: flux: all of it is below {lowest:.4g} GeV, the lowest threshold "
                "of a lepton pair; choose a flux of higher energy"
            )
        return above

    def trident(self, leptons: Pair, regime: str, beam: str | None = None) -> Trident:
        """Return the full process of the card with other leptons, in one regime, and with another neutrino `beam`."""
        require_common_model(self.card)
        process = replace(self.process, leptons=leptons, regimes=(regime,), neutrino=beam or self.process.neutrino)
        return process.reaction(self.card.model).full


def card_with_flux(name: str, overrides: Sequence[str | Override], folder: Path | None) -> Card:
    """Read a card, and take its flux file, or the public table of its facility, from `folder`."""
    card = read_card(name, overrides)
    named = {"file": card.flux.options, "facility": own_file_keys(card.flux.options.get("name"))}
    file = named.get(card.flux.kind, {}).get("path")
    if folder is None or file is None:
        return card
    path = folder / Path(str(file)).name
    return read_card(name, [*overrides, Override(("flux", "path"), str(path.absolute()), f"--flux-folder {folder}")])


def json_of(value: Any) -> Any:
    """Return numbers as JSON: dataclasses as objects, arrays as lists, NaN and infinity as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: json_of(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, np.ndarray):
        return json_of(value.tolist())
    if isinstance(value, list | tuple):
        return [json_of(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_of(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class FigureKind(Generic[Numbers]):
    """A figure by name.

    Attributes
    ----------
    name, about : str
        Its name, and its contents in a line.
    compute : callable
        ``compute(request, progress)`` returns the numbers, a dataclass.
    draw : callable
        ``draw(numbers)`` returns the picture, inside `plot_style.style`.
    text : callable
        ``text(numbers)`` returns a table as text.
    energies : int
        Number of neutrino energies it accepts: 0, 1, or 2 for any number.
    json : callable
        ``json(numbers)`` returns the output of ``--json``.
    own_cards : bool
        Whether it has its own cards, so that no card can be named.
    """

    name: str
    about: str
    compute: Callable[[Request, Progress], Numbers]
    draw: Callable[[Numbers], Figure]
    text: Callable[[Numbers], str]
    energies: int = 0
    json: Callable[[Numbers], Any] = json_of
    own_cards: bool = False
