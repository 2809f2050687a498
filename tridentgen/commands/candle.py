"""`tridentgen candle`: neutrino-electron scattering against a background, and the precision of the flux."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from tridentgen.analysis.electron_counts import CandleSelection
from tridentgen.analysis.standard_candle import Background, CandleErrors, standard_candle
from tridentgen.commands.common import EXIT_OK, Subparsers, energy_GeV, say, whole_number
from tridentgen.errors import InputError
from tridentgen.exchange.importing.candidates import Taken
from tridentgen.exchange.importing.electrons import ElectronCandidates
from tridentgen.reports.standard_candle import candle_json, candle_text

_SELECTION = CandleSelection()
_ERRORS = CandleErrors()
_LARGEST_SEED = (1 << 64) - 1


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "candle", help="measure the flux with neutrino-electron scattering", allow_abbrev=False
    )
    parser.add_argument("file", metavar="EVENTS.h5", help="events of neutrino-electron scattering, with an exposure")
    parser.add_argument("--background", metavar="FILE[=N]", action="extend", nargs="+", default=[],
                        help="a table (.csv, .txt, .dat) of electrons; or .hepmc3, .hepmc, .hepevt of any generator, "
                        "also .gz, which stands for N events of the exposure")  # fmt: skip
    parser.add_argument("--electron", metavar="NAME", nargs="+", default=["e-", "e+"], help="of generators: "
                        "particles taken for the electron, e- first, as in e- e+ gamma (default: e- e+)")  # fmt: skip
    parser.add_argument("--veto-kinetic", metavar="E", help="of generators: reject events with another visible "
                        "particle of more kinetic energy")  # fmt: skip
    parser.add_argument("--min-energy", metavar="E", help="smallest energy of the electron (default: 0.5 GeV)")
    parser.add_argument("--max-e-theta2", metavar="E", help="largest E theta^2 (default: that of the best precision)")
    parser.add_argument("--angle-resolution-mrad", metavar="A", help="of each projected angle (default: 0)")
    parser.add_argument("--energy-resolution", metavar="R", help="relative, at 1 GeV; it falls with sqrt(E) "
                        "(default: 0)")  # fmt: skip
    for name, what in (
        ("background", "of the number of each background"), ("cross-section", "of the cross section"),
        ("flux", "of the flux before"), ("flux-shape", "of the flux in each bin of energy besides"),
    ):  # fmt: skip
        default = getattr(_ERRORS, name.replace("-", "_"))
        parser.add_argument(f"--{name}-error", metavar="R", help=f"relative error {what} (default: {default:g})")
    parser.add_argument("--seed", metavar="S", help="seed of the smearing (default: 1)")
    parser.add_argument("-o", "--output", metavar="PICTURE", help="draw E theta^2 and the precision")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_candle)


def _candle(options: argparse.Namespace) -> int:
    if options.output is not None:
        from tridentgen.plots.style import check_picture

        check_picture(Path(options.output))
    veto = math.inf if options.veto_kinetic is None else energy_GeV(options.veto_kinetic, "--veto-kinetic")
    candidates = ElectronCandidates(Taken.named("--electron", options.electron, -1), veto)
    backgrounds = [_background(text) for text in options.background]
    candle = standard_candle(Path(options.file), backgrounds, candidates, _selection(options), _errors(options))
    pictures = []
    if options.output is not None:
        from tridentgen.plots.standard_candle import plot_candle  # only drawing needs the extra `plot`

        pictures.append(str(plot_candle(candle, Path(options.output))))
    names = {"pictures": pictures} if pictures else {}
    text = json.dumps({**candle_json(candle), **names}, indent=2) if options.json else candle_text(candle)
    say("\n".join([text, *([] if options.json else pictures)]))
    return EXIT_OK


def _background(text: str) -> Background:
    """Return a background from ``FILE`` or ``FILE=N``."""
    name, equals, number = text.rpartition("=")
    if not equals or Path(text).exists():
        return Background(Path(text))
    return Background(Path(name), _number(number, f"--background {text}"))


def _selection(options: argparse.Namespace) -> CandleSelection:
    cut = options.max_e_theta2
    least = options.min_energy
    return CandleSelection(
        _SELECTION.min_energy_GeV if least is None else energy_GeV(least, "--min-energy"),
        None if cut is None else energy_GeV(cut, "--max-e-theta2"),
        _given(options, "angle_resolution_mrad", _SELECTION.angle_resolution_mrad),
        _given(options, "energy_resolution", _SELECTION.energy_resolution),
        _SELECTION.seed if options.seed is None else whole_number("--seed", options.seed, 0, _LARGEST_SEED),
    )


def _errors(options: argparse.Namespace) -> CandleErrors:
    return CandleErrors(
        _given(options, "background_error", _ERRORS.background),
        _given(options, "cross_section_error", _ERRORS.cross_section),
        _given(options, "flux_error", _ERRORS.flux),
        _given(options, "flux_shape_error", _ERRORS.flux_shape),
    )


def _given(options: argparse.Namespace, name: str, default: float) -> float:
    text = getattr(options, name)
    return default if text is None else _number(text, f"--{name.replace('_', '-')} {text}")


def _number(text: str, option: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{option}: '{text}' is not a number; write one such as 0.1") from None
    if not (math.isfinite(value) and value >= 0.0):
        raise InputError(f"{option}: must be a positive number, or 0")
    return value
