"""`tridentgen fit`: fit numbers of cards to measured events."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from tridentgen.commands.common import EXIT_OK, Subparsers, complain, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import FileError, InputError
from tridentgen.fits.fit import LEVELS, FitResult, fit_measurements
from tridentgen.fits.models import FreeKey, free_key
from tridentgen.fits.read import read_measurement
from tridentgen.fits.scan import ScanResult, scan, scan_key
from tridentgen.progress import Progress
from tridentgen.reports.fits import fit_csv, fit_json, fit_text, scan_csv, scan_json, scan_text

_TABLE = ".csv"


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("fit", help="fit a card's numbers to measured CEvNS events", allow_abbrev=False)
    parser.add_argument("cards", metavar="CARD", nargs="+", help="cards with [fit], such as csi-2021 or lar-2020; "
                        "several are fitted together")  # fmt: skip
    parser.add_argument("--free", metavar="KEY", nargs="+", action="extend", default=[],
                        help="keys of the card to fit, such as model.sin2_theta_w, also KEY=LOW:HIGH; CARD:KEY for one "
                        "card alone (default: the number of CEvNS events)")  # fmt: skip
    parser.add_argument("--scan", metavar="KEY=LOW:HIGH:N", help="fit at N values of another key; N may end in log")
    parser.add_argument("--asimov", action="store_true", help="take the events that the cards expect as data: "
                        "the sensitivity; cards without [fit] are fitted in this way")  # fmt: skip
    parser.add_argument("--cl", metavar="C", nargs="+", help="confidence levels (default: 0.6827 0.9)")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                        help="set a key of the cards, as in process.form_factor=fermi; may be repeated")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", help="draw a picture (.png, .pdf, .svg), or write a table "
                        "(.csv): the fit, the profile, the contours, or the limits of a scan")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_fit)


def _fit(options: argparse.Namespace) -> int:
    keys = [free_key(text) for text in options.free]
    levels = LEVELS if options.cl is None else tuple(_level(text) for text in options.cl)
    output = None if options.output is None else Path(options.output)
    if output is not None and output.suffix != _TABLE:
        from tridentgen.plots.style import check_picture

        check_picture(output)
    with progress_bar(options.clock) as progress:
        if options.scan is not None:
            over = scan_key(options.scan)
            done = scan(options.cards, options.overrides, keys, over, levels, progress, asimov=options.asimov)
            return _tell_scan(options, done, output)
        found = [read_measurement(name, options.overrides, keys, asimov=options.asimov) for name in options.cards]
        return _tell_fit(options, fit_measurements(found, keys, levels, progress), keys, output, progress)


def _tell_fit(
    options: argparse.Namespace, fit: FitResult, keys: Sequence[FreeKey], output: Path | None, progress: Progress
) -> int:
    contour = fit.contour(progress=progress) if output is not None and len(keys) == 2 else None
    files = []
    if output is not None and output.suffix == _TABLE:
        files.append(_write(output, fit_csv(fit, contour)))
    elif output is not None:
        from tridentgen.plots.fits import plot_fit  # only drawing needs the extra `plot`

        files.append(str(plot_fit(fit, output, contour)))
    _print(options, fit_json(fit), fit_text(fit), files)
    for warning in fit.warnings:
        complain(f"tridentgen: warning: {warning}")
    return EXIT_OK


def _tell_scan(options: argparse.Namespace, done: ScanResult, output: Path | None) -> int:
    files = []
    if output is not None and output.suffix == _TABLE:
        files.append(_write(output, scan_csv(done)))
    elif output is not None:
        from tridentgen.plots.fits import plot_scan

        files.append(str(plot_scan(done, output)))
    _print(options, scan_json(done), scan_text(done), files)
    return EXIT_OK


def _print(options: argparse.Namespace, found: dict[str, object], text: str, files: Sequence[str]) -> None:
    if options.json:
        say(json.dumps({**found, **({"files": list(files)} if files else {})}, indent=2))
    else:
        say("\n".join([text, *files]))


def _write(path: Path, text: str) -> str:
    """Write a table, over nothing but another table; return its path."""
    if path.exists() and (not path.is_file() or path.is_symlink()):
        raise FileError(f"'{path}' is a link, a folder or a pipe; remove it, or choose another name")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}; choose another folder") from error
    return str(path)


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0.0 < level < 1.0:
        raise InputError(f"--cl {text}: must be a number between 0 and 1, such as 0.9")
    return level
