"""The command line: `tridentgen generate | xsec | info | plot | bench | cards`."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tridentgen import bench, reports
from tridentgen._version import __version__
from tridentgen.cards import Card, CardError, parse_card, read_card
from tridentgen.errors import InputError, TridentgenError
from tridentgen.events.events import summary
from tridentgen.progress import progress_bar
from tridentgen.resources import builtin_cards
from tridentgen.run import run
from tridentgen.toml_tables import Override, one_line, toml_value

EXIT_OK, EXIT_ERROR, EXIT_INTERRUPTED = 0, 2, 130
_ENERGY_UNITS = {"GeV": 1.0, "MeV": 1e-3, "TeV": 1e3}
_OPTIONS_OF_KEYS = {
    "events": ("sampling", "events"),
    "seed": ("sampling", "seed"),
    "engine": ("sampling", "engine"),
    "threads": ("sampling", "threads"),
    "fast": ("sampling", "fast"),
    "rel_error": ("sampling", "rel_error"),
}
"""Options that stand for a card key."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for errors, 130 where interrupted."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a title or a path may hold what the terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        code = command(options)
        sys.stdout.flush()
    except CardError as error:  # one line for each mistake, as an editor likes it
        _complain(str(error))
        return EXIT_ERROR
    except TridentgenError as error:
        _complain(f"tridentgen: {one_line(str(error))}")
        return EXIT_ERROR
    except KeyboardInterrupt:
        _complain("tridentgen: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader has left, as in `tridentgen cards | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return code


def _complain(message: str) -> None:
    print(message, file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are those of the rest of the program: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tridentgen",
        description="Events and cross sections of neutrino tridents and coherent scattering.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tridentgen {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    generate = commands.add_parser("generate", help="make an event file from a run card", allow_abbrev=False)
    generate.add_argument("card", metavar="CARD", help="path of a card, or the name of a built-in one")
    generate.add_argument("-o", "--output", metavar="OUT.h5", help="event file; the card's unless given")
    generate.add_argument("--events", metavar="N", help="number of events")
    generate.add_argument("--map", metavar="FILE", help="use the trained map of an earlier event file")
    generate.add_argument("--force", action="store_true", help="overwrite the output")
    _add_common(generate)
    generate.set_defaults(command=_generate)

    xsec = commands.add_parser("xsec", help="compute cross sections", allow_abbrev=False)
    xsec.add_argument("card", metavar="CARD", nargs="?", help="path or name of a card")
    xsec.add_argument("--process", metavar="KIND", help="instead of a card: trident or cevns")
    xsec.add_argument("--nu", help="neutrino: nue, numu, nutau, nuebar, numubar, nutaubar")
    xsec.add_argument("--leptons", nargs=2, metavar="LEPTON", help="charged leptons, such as mu- mu+")
    xsec.add_argument("--target", help="nuclide, such as Ar40; for cevns also Ar or CsI")
    xsec.add_argument("--regime", nargs="+", metavar="REGIME", help="coherent, diffractive, proton, neutron, total")
    xsec.add_argument("--energy", nargs="+", metavar="E", help="neutrino energies: GeV, or with a unit as in 30MeV")
    xsec.add_argument("--rel-error", metavar="R", help="relative error to reach (default 1e-3)")
    _add_common(xsec)
    xsec.set_defaults(command=_xsec)

    info = commands.add_parser("info", help="say what is in an event file or a card", allow_abbrev=False)
    info.add_argument("file", metavar="EVENTS.h5|CARD")
    info.add_argument("--json", action="store_true", help="print JSON")
    info.set_defaults(command=_info)

    plot = commands.add_parser("plot", help="draw the distributions of an event file", allow_abbrev=False)
    plot.add_argument("file", metavar="EVENTS.h5")
    plot.add_argument("-o", "--output", metavar="DIR", help="folder for the pictures (default: FILE without .h5)")
    plot.add_argument("--format", nargs="+", default=["png"], metavar="F", help="png, pdf, svg (default: png)")
    plot.add_argument("--json", action="store_true", help="print the paths as JSON")
    plot.set_defaults(command=_plot)

    benchmark = commands.add_parser("bench", help="measure how fast this machine is", allow_abbrev=False)
    benchmark.add_argument("--json", action="store_true", help="print JSON")
    no_gpu = "compile the GPU's kernels without a GPU, for sm_80 and the like; print JSON"
    benchmark.add_argument("--check-cuda", nargs="+", metavar="ARCH", help=no_gpu)
    benchmark.set_defaults(command=_bench)

    cards = commands.add_parser("cards", help="list the built-in cards, or print one", allow_abbrev=False)
    cards.add_argument("name", nargs="?")
    cards.add_argument("--json", action="store_true", help="print JSON")
    cards.set_defaults(command=_cards)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", metavar="S", help="seed of the random numbers")
    parser.add_argument("--engine", metavar="ENGINE", help="auto, numpy, native or cuda (default: auto)")
    parser.add_argument("--threads", metavar="N", help="threads (default: all cores)")
    parser.add_argument("--fast", action="store_const", const="true",
                        help="let compiled engines fuse operations: faster, other last digits")  # fmt: skip
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                        help="set a key of the card, as in process.target=C12; may be repeated")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def _overrides(options: argparse.Namespace) -> list[str | Override]:
    """Return ``--set`` and the options that stand for a card key."""
    named = {name: getattr(options, name, None) for name in _OPTIONS_OF_KEYS}
    given = [
        Override(_OPTIONS_OF_KEYS[name], toml_value(text), f"--{name.replace('_', '-')} {text}")
        for name, text in named.items()
        if text is not None
    ]
    return [*options.overrides, *given]


def _generate(options: argparse.Namespace) -> int:
    card = read_card(options.card, _overrides(options))
    with progress_bar() as progress:
        result = run(card, options.output, map_file=options.map, force=options.force, progress=progress)
    print(json.dumps(reports.run_json(result, card), indent=2) if options.json else reports.run_text(result, card))
    if result.events == 0:
        _complain(
            f"tridentgen: warning: none of {result.trials} events passed the cuts, '{result.path}' holds no event; "
            "loosen [cuts] or ask for more events"
        )
    if not result.complete:
        _complain(
            f"tridentgen: interrupted after {result.trials} of {card.sampling.events} events; '{result.path}' holds "
            "them, with weights that sum to the cross section"
        )
        return EXIT_INTERRUPTED
    return EXIT_OK


def _xsec(options: argparse.Namespace) -> int:
    energies = None if options.energy is None else [energy_GeV(text) for text in options.energy]
    card = _xsec_card(options, energies)
    found: list[reports.CrossSectionReport] = []
    code = EXIT_OK
    try:
        with progress_bar() as progress:
            for report in reports.cross_sections(card, energies, progress):
                found.append(report)
    except KeyboardInterrupt:  # what is done is worth having
        if not found:
            raise
        code = EXIT_INTERRUPTED
    results = [report.json for report in found]
    if options.json:
        print(json.dumps({"results": results, "version": __version__}, indent=2))
    else:
        print(reports.cross_section_text(results))
    for report in found:
        for warning in report.warnings:
            _complain(f"tridentgen: warning: {warning}")
    if card.cuts.limits:
        _complain("tridentgen: warning: the cuts of the card are not applied here; generate gives what is within them")
    if code == EXIT_INTERRUPTED:
        _complain(f"tridentgen: interrupted after {len(found)} cross section{'s' * (len(found) > 1)}")
    return code


def _xsec_card(options: argparse.Namespace, energies_GeV: list[float] | None) -> Card:
    """Return the card named, or one made from the options."""
    given = {
        "--process": options.process,
        "--nu": options.nu,
        "--leptons": options.leptons,
        "--target": options.target,
        "--regime": options.regime,
    }
    flux: list[str | Override] = []
    if energies_GeV is not None:
        origin = f"--energy {' '.join(options.energy)}"
        values = {"kind": "monochromatic", "energy_GeV": energies_GeV[0]}
        flux = [Override(("flux", key), value, origin) for key, value in values.items()]
    if options.card is not None:
        stray = [name for name, value in given.items() if value is not None]
        if stray:
            raise InputError(f"{', '.join(stray)} cannot go with a card; use --set process.KEY=VALUE")
        return read_card(options.card, _overrides(options) + flux)
    given["--process"] = given["--process"] or "trident"
    needed = {"--nu": options.nu, "--leptons": options.leptons, "--target": options.target, "--energy": options.energy}
    if given["--process"] == "cevns":
        given["--nu"] = given["--nu"] or "numu"  # the Standard Model does not tell them apart
        del needed["--nu"], needed["--leptons"]
    else:
        given["--regime"] = given["--regime"] or ["coherent"]
    missing = [name for name, value in needed.items() if value is None]
    if missing and options.process in (None, "trident", "cevns"):
        raise InputError(f"xsec needs a card, or also {', '.join(missing)}")
    keys = ("kind", "neutrino", "leptons", "target", "regimes")
    process: list[str | Override] = [
        Override(("process", key), value, f"{name} {value if isinstance(value, str) else ' '.join(value)}")
        for key, (name, value) in zip(keys, given.items(), strict=True)
        if value is not None
    ]
    return parse_card("", path="the command line", overrides=process + flux + _overrides(options))


def energy_GeV(text: str) -> float:
    """Return the energy in GeV that `text` names: a number in GeV, or one with a unit such as ``30MeV``."""
    unit = next((u for u in _ENERGY_UNITS if text.endswith(u)), "")
    try:
        value = float(text.removesuffix(unit)) * _ENERGY_UNITS.get(unit, 1.0)
    except ValueError:
        raise InputError(f"--energy {text}: not an energy; write a number in GeV, or one like 30MeV") from None
    if not (math.isfinite(value) and value > 0.0):
        raise InputError(f"--energy {text}: must be positive and finite")
    return value


def _info(options: argparse.Namespace) -> int:
    path = Path(options.file)
    if options.file in builtin_cards() or path.suffix == ".toml" or not (path.suffix or path.exists()):
        card = read_card(options.file)
        print(json.dumps(reports.card_json(card), indent=2) if options.json else reports.card_text(card))
        return EXIT_OK
    found = summary(path)
    print(json.dumps(found, indent=2) if options.json else reports.events_text(found))
    return EXIT_OK


def _plot(options: argparse.Namespace) -> int:
    from tridentgen.analysis.plots import plot_events  # the extra `plot` is not needed for anything else

    path = Path(options.file)
    pictures = plot_events(path, Path(options.output or path.with_suffix("")), tuple(options.format))
    print(json.dumps([str(p) for p in pictures], indent=2) if options.json else "\n".join(map(str, pictures)))
    return EXIT_OK


def _bench(options: argparse.Namespace) -> int:
    if options.check_cuda:
        kernels = bench.check_cuda(options.check_cuda)
        print(json.dumps({"kernels": kernels, "version": __version__}, indent=2))
        return EXIT_OK
    with progress_bar() as progress:
        rows = bench.measure(progress)
    machine = bench.machine()
    print(json.dumps({"machine": machine, "results": rows}, indent=2) if options.json else bench.table(machine, rows))
    return EXIT_OK


def _cards(options: argparse.Namespace) -> int:
    if options.name is not None:
        card = read_card(options.name)
        print(json.dumps(reports.card_json(card), indent=2) if options.json else card.text.rstrip("\n"))
        return EXIT_OK
    titles = {name: read_card(name).title for name in builtin_cards()}
    if options.json:
        print(json.dumps(titles, indent=2))
    else:
        width = max(map(len, titles))
        print("\n".join(f"{name:<{width}}  {title}" for name, title in titles.items()))
    return EXIT_OK
