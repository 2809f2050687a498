"""`tridentgen generate`: an event file from a run card."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tridentgen.cards import MOST_EVENTS, read_card
from tridentgen.commands.common import EXIT_INTERRUPTED, EXIT_OK, Subparsers, add_common, complain, overrides
from tridentgen.distribution.dask_workers import dask_executor
from tridentgen.errors import InputError
from tridentgen.events.export.formats import refuse_names_of_others
from tridentgen.progress import progress_bar
from tridentgen.reports.runs import run_json, run_text
from tridentgen.run import run
from tridentgen.toml_tables import integer, toml_value

_MOST_WORKERS = 10_000


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    generate = commands.add_parser("generate", help="make an event file from a run card", allow_abbrev=False)
    generate.add_argument("card", metavar="CARD", help="path of a card, or the name of a built-in one")
    generate.add_argument("-o", "--output", metavar="OUT.h5", help="event file; the card's unless given")
    generate.add_argument("--events", metavar="N", help="number of events")
    generate.add_argument("--map", metavar="FILE", help="use the trained map of an earlier event file")
    generate.add_argument("--unweight", action="store_true", help="keep events by their weight, so many as asked for")
    generate.add_argument("--first", metavar="N", help="make a shard: --events events of the card's from number N on")
    generate.add_argument("--resume", action="store_true", help="go on where a killed run of the same card ended")
    generate.add_argument("--force", action="store_true", help="overwrite the output")
    generate.add_argument("--workers", metavar="N", help="compute with N processes, which may die (needs Dask)")
    generate.add_argument("--scheduler", metavar="ADDRESS", help="compute with the workers of a Dask scheduler")
    add_common(generate)
    generate.set_defaults(command=_generate)


def _generate(options: argparse.Namespace) -> int:
    first = count = None
    if options.first is not None:  # then the card says how many events the whole run has
        first = _number("--first", options.first, 0, MOST_EVENTS - 1)
        count = None if options.events is None else _number("--events", options.events, 1, MOST_EVENTS)
        options.events = None
    card = read_card(options.card, overrides(options))
    refuse_names_of_others(Path(options.output or card.output.path or ""))
    with progress_bar() as progress, _executor(options) as executor:
        result = run(
            card, options.output, map_file=options.map, first=first, count=count, unweight=options.unweight,
            resume=options.resume, force=options.force, executor=executor, progress=progress,
        )  # fmt: skip
    print(json.dumps(run_json(result, card), indent=2) if options.json else run_text(result, card))
    if result.events == 0:
        complain(
            f"tridentgen: warning: none of {result.trials} events passed the cuts, '{result.path}' holds no event; "
            "loosen [cuts] or ask for more events"
        )
    if not result.complete:
        complain(
            f"tridentgen: interrupted after {result.trials} of {card.sampling.events} events; '{result.path}' holds "
            "them, with weights that sum to the cross section"
        )
        return EXIT_INTERRUPTED
    return EXIT_OK


def _executor(options: argparse.Namespace) -> AbstractContextManager[Executor | None]:
    """Return the workers asked for, none if none were."""
    if options.scheduler is not None and options.workers is not None:
        raise InputError("--workers starts processes here and --scheduler uses those elsewhere; give one of them")
    if options.scheduler is None and options.workers is None:
        return nullcontext()
    workers = None if options.workers is None else _number("--workers", options.workers, 1, _MOST_WORKERS)
    return dask_executor(workers, options.scheduler)


def _number(option: str, text: str, low: int, high: int) -> int:
    """Read a whole number as a card does."""
    try:
        return integer(low, high)(toml_value(text))
    except InputError as error:
        raise InputError(f"{option} {text}: {error}") from None
