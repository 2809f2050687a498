"""`tridentgen merge`: merge the shards of a run into one file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.events.merge import merge
from tridentgen.events.reader import open_events
from tridentgen.exchange.export.formats import refuse_names_of_others


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("merge", help="merge the shards of a run", allow_abbrev=False)
    parser.add_argument("files", metavar="SHARD.h5", nargs="+", help="files of 'generate --first', in any order")
    parser.add_argument("-o", "--output", metavar="OUT.h5", required=True)
    parser.add_argument("--virtual", action="store_true", help="refer to the shards instead of copying them")
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_merge)


def _merge(options: argparse.Namespace) -> int:
    refuse_names_of_others(Path(options.output))
    with progress_bar(options.clock) as progress:
        path = merge(
            options.files, options.output, virtual=options.virtual, force=options.force, progress=progress
        )  # fmt: skip
    with open_events(path) as file:
        known, events = file.attributes, file.rows
    result = {
        "path": str(path),
        "shards": len(options.files),
        "events": events,
        "sigma_cm2": known["sigma"],
        "error_cm2": known["sigma_error"],
        "content_hash": known["content_hash"],
    }
    text = f"{path}: {events} events of {len(options.files)} shards, content {known['content_hash'][:16]}"
    say(json.dumps(result, indent=2) if options.json else text)
    return EXIT_OK
