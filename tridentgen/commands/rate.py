"""`tridentgen rate`: the events that a card expects in its exposure."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from tridentgen.cards import Card, read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, add_common, complain, overrides
from tridentgen.errors import InputError
from tridentgen.progress import progress_bar
from tridentgen.reports.channels import channels_report
from tridentgen.reports.rates import RateReport, cevns_report, trident_report
from tridentgen.sampling.train import Progress


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    rate = commands.add_parser("rate", help="compute the number of events expected", allow_abbrev=False)
    rate.add_argument("card", metavar="CARD", help="path of a card, or the name of a built-in one")
    rate.add_argument("--all-channels", action="store_true",
                      help="tridents of all neutrinos in the flux and all pairs of leptons")  # fmt: skip
    rate.add_argument("--rel-error", metavar="R", help="relative error of a cross section to reach (default 1e-3)")
    rate.add_argument("-o", "--output", metavar="DIR|FILE", help="draw the recoil spectra: a folder, or one picture "
                      "such as spectra.pdf")  # fmt: skip
    add_common(rate)
    rate.set_defaults(command=_rate)


def _rate(options: argparse.Namespace) -> int:
    card = read_card(options.card, overrides(options))
    coherent = card.process.kind == "cevns"
    if options.output is not None and not coherent:
        raise InputError(
            f"--output {options.output}: draws recoil spectra of coherent scattering; for pictures of tridents use "
            "tridentgen generate, then tridentgen plot"
        )
    if coherent and options.all_channels:
        raise InputError("--all-channels is for tridents; coherent scattering is of all neutrinos as it is")
    if options.output is not None:
        from tridentgen.analysis.rate_plots import check_picture

        check_picture(Path(options.output))
    with progress_bar(options.clock) as progress:
        report = _report_of(card, options)(card, progress)
    pictures = [] if options.output is None else _draw(card, report, Path(options.output))
    if options.json:
        names = {"pictures": [str(path) for path in pictures]} if pictures else {}
        print(json.dumps({**report.json, **names}, indent=2))
    else:
        print(report.text)
        for path in pictures:
            print(path)
    for warning in report.warnings:
        complain(f"tridentgen: warning: {warning}")
    return EXIT_OK


def _report_of(card: Card, options: argparse.Namespace) -> Callable[[Card, Progress], RateReport]:
    if card.process.kind == "cevns":
        return cevns_report
    return channels_report if options.all_channels else trident_report


def _draw(card: Card, report: RateReport, output: Path) -> list[Path]:
    from tridentgen.analysis.rate_plots import plot_rate  # the extra `plot` is not needed for anything else

    assert report.rate is not None
    return plot_rate(report.rate, report.spectra, output, (card.title, report.json["flux"], report.exposure))
