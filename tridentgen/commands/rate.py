"""`tridentgen rate`: compute the expected number of events for the card's exposure."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.cards import Card, read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, add_common, complain, overrides, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.reports.by_kind import has_spectra, rate_report
from tridentgen.reports.rates import RateReport


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    rate = commands.add_parser("rate", help="compute the expected number of events", allow_abbrev=False)
    rate.add_argument("card", metavar="CARD", help="path of a card, or the name of a built-in one")
    rate.add_argument("--all-pairs", "--all-channels", action="store_true",
                      help="tridents of all neutrinos in the flux and all lepton pairs")  # fmt: skip
    rate.add_argument("--rel-error", metavar="R", help="relative precision goal of each cross section (default 1e-3)")
    rate.add_argument("-o", "--output", metavar="DIR|FILE", help="draw the recoil spectra: a folder, or one picture "
                      "such as spectra.pdf")  # fmt: skip
    add_common(rate)
    rate.set_defaults(command=_rate)


def _rate(options: argparse.Namespace) -> int:
    card = read_card(options.card, overrides(options))
    if options.output is not None and not has_spectra(card):
        raise InputError(
            f"--output {options.output}: draws recoil spectra of CEvNS and WIMPs; for pictures of "
            f"{card.kind.events_are} use tridentgen generate, then tridentgen plot"
        )
    if options.output is not None:
        from tridentgen.plots.rates import check_picture

        check_picture(Path(options.output))
    with progress_bar(options.clock) as progress:
        report = rate_report(card, all_pairs=options.all_pairs, progress=progress)
    pictures = [] if options.output is None else _draw(card, report, Path(options.output))
    if options.json:
        names = {"pictures": [str(path) for path in pictures]} if pictures else {}
        say(json.dumps({**report.json, **names}, indent=2))
    else:
        say(report.text)
        for path in pictures:
            say(str(path))
    for warning in report.warnings:
        complain(f"tridentgen: warning: {warning}")
    return EXIT_OK


def _draw(card: Card, report: RateReport, output: Path) -> list[Path]:
    from tridentgen.plots.rates import plot_rate  # only drawing needs the extra `plot`

    assert report.rate is not None
    return plot_rate(report.rate, report.spectra, output, (card.title, report.json["flux"], report.exposure))
