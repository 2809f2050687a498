"""`tridentgen epa`: compare the equivalent-photon approximation with the full process."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from tridentgen._version import __version__
from tridentgen.analysis.epa_comparison import EpaDistribution, EpaRatio, Sampling, epa_distributions, epa_ratios
from tridentgen.analysis.rate_table import process_of, trident_of
from tridentgen.cards import Card, parse_card, read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, add_common, complain, energy_GeV, overrides, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.flux import Flux, Monochromatic
from tridentgen.processes.base import only_flux
from tridentgen.processes.kinds import TRIDENT_EPA
from tridentgen.processes.trident.card import ProcessCard
from tridentgen.processes.trident.epa import PHOTON_FLUXES
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress
from tridentgen.reports.epa import distribution_json, ratio_json, ratio_text
from tridentgen.runs.job import beam_of, require_single_energy
from tridentgen.toml.tables import Override

_LEPTONS = (("mu-", "mu+"), ("e-", "e+"), ("mu-", "e+"))
_REGIMES = ("coherent", "proton")
_ENERGIES_GeV = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_SHAPES_AT_GeV = 5.0
_FLUXES = ("exact", "lambda-qcd", "q-max")


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    epa = commands.add_parser("epa", help="compare the equivalent-photon approximation with the full process",
                              allow_abbrev=False)  # fmt: skip
    epa.add_argument("card", metavar="CARD", nargs="?",
                     help="path or name of a card; else numu on argon, all lepton pairs")  # fmt: skip
    epa.add_argument("--nu", help="instead of a card: neutrino (default: numu)")
    epa.add_argument("--leptons", nargs=2, metavar="LEPTON", help="charged leptons (default: mu mu, e e, mu e)")
    epa.add_argument("--target", help="nuclide (default: Ar40)")
    epa.add_argument(
        "--regime", nargs="+", metavar="REGIME", help="regimes, each compared separately (default: coherent proton)"
    )
    epa.add_argument("--energy", nargs="+", metavar="E", help="neutrino energies: GeV, or as in 500MeV (default: the "
                     "flux of the card, or 1 to 50 GeV)")  # fmt: skip
    epa.add_argument("--photon-flux", nargs="+", metavar="F", choices=PHOTON_FLUXES,
                     help="exact, lambda-qcd, q-max, uncut (default: the card's, or the first three)")  # fmt: skip
    epa.add_argument("--q-max", metavar="Q", help="largest Q of q-max in GeV (default: 1)")
    epa.add_argument("--distributions", action="store_true", help="also compare m2_ll and delta_theta")
    epa.add_argument("--at", metavar="E", help="energy of the distributions (default: the card's flux, or 5 GeV)")
    epa.add_argument("--events", metavar="N", help="events of each distribution (default 100000)")
    epa.add_argument("--rel-error", metavar="R", help="relative precision goal of each cross section (default 1e-3)")
    epa.add_argument("-o", "--output", metavar="PICTURE", help="draw the ratios: a file ending in .png, .pdf or .svg")
    add_common(epa)
    epa.set_defaults(command=_epa)


def _epa(options: argparse.Namespace) -> int:
    cards = _cards(options)
    for card in cards:
        if not isinstance(card.process, ProcessCard):
            raise InputError(f"{card.where(('process', 'kind'))}: process.kind must be a trident to have an EPA")
    if options.output is not None:
        from tridentgen.plots.style import check_picture

        check_picture(Path(options.output))
    with progress_bar(options.clock) as progress:
        ratios = list(_ratios(cards, options, progress))
        shapes = list(_shapes(cards, options, progress)) if options.distributions or options.at else []
    if options.output is not None:
        from tridentgen.plots.epa import plot_epa  # only drawing needs the extra `plot`

        plot_epa(ratios, shapes, Path(options.output))
    if options.json:
        found = {"ratios": [ratio_json(r) for r in ratios], "distributions": [distribution_json(d) for d in shapes]}
        say(json.dumps({**found, "version": __version__}, indent=2))
    else:
        say(ratio_text(ratios, shapes))
        if options.output is not None:
            say(options.output)
    for warning in dict.fromkeys(warning for ratio in ratios for warning in _warnings(ratio)):
        complain(f"tridentgen: warning: {warning}")
    if any(card.cuts.limits for card in cards):
        complain("tridentgen: warning: the cuts of the card are not applied here")
    return EXIT_OK


def _cards(options: argparse.Namespace) -> list[Card]:
    """Return the card named, or one for each lepton pair requested."""
    given = {"--nu": options.nu, "--leptons": options.leptons, "--target": options.target, "--regime": options.regime}
    if options.card is not None:
        stray = [name for name, value in given.items() if value is not None]
        if stray:
            raise InputError(f"{', '.join(stray)} cannot go with a card; use --set process.KEY=VALUE")
        return [read_card(options.card, overrides(options))]
    leptons = _LEPTONS if options.leptons is None else (tuple(options.leptons),)
    return [_card_of(pair, options) for pair in leptons]


def _card_of(leptons: Sequence[str], options: argparse.Namespace) -> Card:
    """Return a card made from the options."""
    process = {
        "kind": ("trident", ""),
        "neutrino": (options.nu or "numu", "--nu"),
        "leptons": (list(leptons), "--leptons"),
        "target": (options.target or "Ar40", "--target"),
        "regimes": (options.regime or list(_REGIMES), "--regime"),
    }
    made: list[str | Override] = [
        Override(("process", key), value, f"{name} {value if isinstance(value, str) else ' '.join(value)}")
        for key, (value, name) in process.items()
    ]
    made.append(Override(("flux", "kind"), "monochromatic", "--energy"))
    made.append(Override(("flux", "energy_GeV"), _SHAPES_AT_GeV, "--energy"))
    return parse_card("", path="the command line", overrides=[*made, *overrides(options)])


def _tridents(card: Card) -> list[Trident]:
    """Return the full process of each regime of a card."""
    if not card.process.target:
        raise InputError(f"{card.where(('process',))}: process.target is missing; the EPA is compared on one nuclide")
    return [part.full for part in trident_of(card).parts()]


def _photon_fluxes(card: Card, options: argparse.Namespace) -> list[tuple[str, float | None]]:
    """Return the photon fluxes requested by option or by the card, or the default ones."""
    process = process_of(card)
    of_card = process if process.kind == TRIDENT_EPA.name else None
    q_max = None if options.q_max is None else _positive("--q-max", options.q_max)
    names = options.photon_flux or ([of_card.photon_flux] if of_card else _FLUXES)
    if q_max is not None and "q-max" not in names:
        raise InputError(f"--q-max {options.q_max} needs --photon-flux q-max")
    if q_max is None and of_card is not None:
        q_max = of_card.q_max_GeV
    return [(name, q_max if name == "q-max" else None) for name in names]


def _beams(card: Card, tridents: Sequence[Trident], options: argparse.Namespace) -> list[Flux]:
    """Return the beams in which the cross sections are compared."""
    if options.energy is None and options.card is not None:
        return [only_flux(beam_of(card))]
    energies = _ENERGIES_GeV if options.energy is None else [energy_GeV(text) for text in options.energy]
    for trident in tridents:
        for energy in energies:
            require_single_energy(trident, energy)
    return [Monochromatic(energy) for energy in energies]


def _ratios(cards: Sequence[Card], options: argparse.Namespace, progress: Progress) -> Iterator[EpaRatio]:
    plans = []
    for card in cards:
        tridents = _tridents(card)
        plans.append((card, tridents, _beams(card, tridents, options), _photon_fluxes(card, options)))
    for card, tridents, beams, fluxes in plans:
        sampling = Sampling.of(card)
        for trident, beam in product(tridents, beams):
            yield from epa_ratios(trident, beam, fluxes, sampling, progress)


def _shapes(cards: Sequence[Card], options: argparse.Namespace, progress: Progress) -> Iterator[EpaDistribution]:
    for card in cards:
        beam = Monochromatic(energy_GeV(options.at, "--at")) if options.at else only_flux(beam_of(card))
        fluxes, sampling = _photon_fluxes(card, options), Sampling.of(card)
        for trident in _tridents(card):
            if isinstance(beam, Monochromatic):
                require_single_energy(trident, beam.energy_max_GeV)
            yield from epa_distributions(trident, beam, fluxes, sampling, progress)


def _positive(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1e6:
        raise InputError(f"{option} {text}: must be a positive number")
    return value


def _warnings(ratio: EpaRatio) -> list[str]:
    found = [(ratio.epa.full.line, ratio.sigma_full)]
    if ratio.sigma_epa is not None:
        found.append((ratio.epa.line, ratio.sigma_epa))
    return [f"{line}, {ratio.beam.description}: {warning}" for line, sigma in found for warning in sigma.warnings]
