"""`tridentgen cards`: list or print the built-in cards."""

from __future__ import annotations

import argparse
import json
import sys

from tridentgen.cards import read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.reports.cards import card_json
from tridentgen.resources import builtin_cards


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    cards = commands.add_parser(
        "cards", help="list the built-in cards (in a pipe their names alone), or print one", allow_abbrev=False
    )
    cards.add_argument("name", nargs="?")
    cards.add_argument("--json", action="store_true", help="print JSON")
    cards.set_defaults(command=_cards)


def _cards(options: argparse.Namespace) -> int:
    if options.name is not None:
        card = read_card(options.name)
        say(json.dumps(card_json(card), indent=2) if options.json else card.text.rstrip("\n"))
        return EXIT_OK
    titles = {name: read_card(name).title for name in builtin_cards()}
    if options.json:
        say(json.dumps(titles, indent=2))
    elif not sys.stdout.isatty():  # as `ls`: names for scripts
        say("\n".join(titles))
    else:
        width = max(map(len, titles))
        say("\n".join(f"{name:<{width}}  {title}" for name, title in titles.items()))
    return EXIT_OK
