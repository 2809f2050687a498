"""`tridentgen plot`: draw the distributions of an event file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.api import plot
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.errors import InputError
from tridentgen.plots.style import FORMATS


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    plot = commands.add_parser("plot", help="draw the distributions of an event file", allow_abbrev=False)
    plot.add_argument("file", metavar="EVENTS.h5")
    plot.add_argument("-o", "--output", metavar="DIR", help="folder for the pictures (default: FILE without .h5)")
    plot.add_argument("--format", nargs="+", default=["png"], metavar="F", help="png, pdf, svg (default: png)")
    plot.add_argument("--json", action="store_true", help="print the paths as JSON")
    plot.set_defaults(command=_plot)


def _plot(options: argparse.Namespace) -> int:
    if options.output == "-":
        raise InputError("--output -: pictures go into a folder; name one")
    folder = Path(options.output or "")
    if folder.suffix[1:] in FORMATS and not folder.is_dir():
        raise InputError(f"--output {folder}: pictures go into a folder; name one, and choose their --format")
    pictures = plot(options.file, options.output or None, formats=options.format)
    say(json.dumps([str(p) for p in pictures], indent=2) if options.json else "\n".join(map(str, pictures)))
    return EXIT_OK
