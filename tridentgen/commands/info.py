"""`tridentgen info`: describe an event file or a card."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.analysis.summary import summary
from tridentgen.cards import read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.reports.cards import card_json, card_text
from tridentgen.reports.event_files import events_text
from tridentgen.resources import builtin_cards


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    info = commands.add_parser("info", help="describe an event file or a card", allow_abbrev=False)
    info.add_argument("file", metavar="EVENTS.h5|CARD")
    info.add_argument("--json", action="store_true", help="print JSON")
    info.set_defaults(command=_info)


def _info(options: argparse.Namespace) -> int:
    path = Path(options.file)
    if options.file in builtin_cards() or path.suffix == ".toml" or not (path.suffix or path.exists()):
        card = read_card(options.file)
        say(json.dumps(card_json(card), indent=2) if options.json else card_text(card))
        return EXIT_OK
    found = summary(path)
    say(json.dumps(found, indent=2) if options.json else events_text(found))
    return EXIT_OK
