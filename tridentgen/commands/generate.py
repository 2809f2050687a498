"""`tridentgen generate`: generate events from a run card."""

from __future__ import annotations

import argparse
import json
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tridentgen.cards import MOST_EVENTS, Card, read_card
from tridentgen.commands.common import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    Subparsers,
    add_common,
    complain,
    overrides,
    say,
    whole_number,
)
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.exchange.export.formats import refuse_names_of_others
from tridentgen.interrupts import terminable
from tridentgen.progress import Progress
from tridentgen.reports.runs import run_json, run_text
from tridentgen.runs.distribution.dask_workers import dask_executor
from tridentgen.runs.distribution.engine import WAITING
from tridentgen.runs.run import PATIENCE_S, Run, run

_MOST_WORKERS = 10_000


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    generate = commands.add_parser("generate", help="generate events from a run card", allow_abbrev=False)
    generate.add_argument("card", metavar="CARD", help="path of a card, or the name of a built-in one")
    generate.add_argument("-o", "--output", metavar="OUT.h5", help="event file; the card's unless given")
    generate.add_argument("--events", metavar="N", help="number of events")
    generate.add_argument("--map", metavar="FILE", help="use the VEGAS maps of an earlier event file")
    generate.add_argument("--unweight", action="store_true",
                          help="generate unweighted events (accept-reject), as many as requested")  # fmt: skip
    generate.add_argument("--exposure", action="store_true",
                          help="generate a Poisson number of unweighted events for the card's exposure")  # fmt: skip
    generate.add_argument("--first", metavar="N", help="generate a shard: --events events, starting at event N")
    generate.add_argument("--resume", action="store_true", help="resume an interrupted run of the same card")
    generate.add_argument("--force", action="store_true",
                          help="overwrite the output; with --resume, only a file that cannot be resumed")  # fmt: skip
    generate.add_argument("--workers", metavar="N", help="compute with N local processes (needs Dask)")
    generate.add_argument("--scheduler", metavar="ADDRESS", help="compute with the workers of a Dask scheduler")
    generate.add_argument("--security", metavar="FILE", help="TOML file with ca_file, cert_file and key_file for a "
                          "scheduler with TLS")  # fmt: skip
    generate.add_argument(
        "--patience",
        metavar="SECONDS",
        help=f"stop when no worker finishes anything for this time (default: {PATIENCE_S:g})",
    )
    add_common(generate)
    generate.set_defaults(command=_generate)


def _generate(options: argparse.Namespace) -> int:
    first = count = None
    if options.exposure:
        given = next((name for name in ("first", "events") if getattr(options, name) is not None), None)
        if given is not None:
            raise InputError(f"--exposure gives the number of events itself; leave --{given} out")
    if options.first is not None:  # then the card gives the number of events of the whole run
        first = whole_number("--first", options.first, 0, MOST_EVENTS - 1)
        count = None if options.events is None else whole_number("--events", options.events, 1, MOST_EVENTS)
        options.events = None
    card = read_card(options.card, overrides(options))
    refuse_names_of_others(Path(options.output or card.output.path or ""))
    patience_s = _patience_s(options)
    result = None
    try:
        with terminable(), progress_bar(options.clock) as progress, _executor(options) as executor:
            result = run(
                card, options.output, map_file=options.map, first=first, count=count, unweight=options.unweight,
                exposure=options.exposure, resume=options.resume, force=options.force, executor=executor,
                patience_s=patience_s, progress=_naming(progress, options.scheduler),
            )  # fmt: skip
    except KeyboardInterrupt:
        if result is None or not result.complete:  # otherwise nothing is left to interrupt
            raise
    return _tell(result, card, options)


def _tell(result: Run, card: Card, options: argparse.Namespace) -> int:
    """Print the result of a run and return the exit code."""
    say(json.dumps(run_json(result, card), indent=2) if options.json else run_text(result, card))
    for caveat in result.caveats:
        complain(f"tridentgen: warning: {caveat}")
    if result.events == 0 and result.trials == 0:
        complain(
            f"tridentgen: warning: the Poisson number of events is 0, '{result.path}' holds no event; that is a result "
            f"for the card's exposure, where {result.poisson_mean:.3g} are expected"
        )
    elif result.events == 0:
        complain(
            f"tridentgen: warning: none of {result.trials} trials passed the cuts, '{result.path}' holds no event; "
            "loosen [cuts] or ask for more events"
        )
    if not result.complete:
        made = result.events if options.unweight or options.exposure else result.trials
        asked = "" if options.exposure else f" of {card.sampling.events}"
        complain(
            f"tridentgen: interrupted after {made}{asked} events; '{result.path}' holds them, with weights that sum to "
            "the cross section"
        )
        return EXIT_INTERRUPTED
    return EXIT_OK


def _naming(progress: Progress, scheduler: str | None) -> Progress:
    """Add the scheduler to the report that a run waits for workers."""
    if scheduler is None:
        return progress
    return lambda what, share: progress(f"{what} of {scheduler}" if what == WAITING else what, share)


def _patience_s(options: argparse.Namespace) -> float:
    """Return how long a run waits for its workers."""
    text: str | None = options.patience
    if text is None:
        return PATIENCE_S
    if options.scheduler is None and options.workers is None:
        raise InputError(f"--patience {text} goes with --workers or --scheduler; leave it out, or give one of them")
    try:
        patience_s = float(text.replace("_", ""))
    except ValueError:
        raise InputError(f"--patience {text}: not a number; give seconds") from None
    if not patience_s > 0.0:
        raise InputError(f"--patience {text} must be more than 0 seconds")
    return patience_s


def _executor(options: argparse.Namespace) -> AbstractContextManager[Executor | None]:
    """Return the executor requested, or None."""
    if options.scheduler is not None and options.workers is not None:
        raise InputError("--workers starts processes here and --scheduler uses those elsewhere; give one of them")
    if options.security is not None and options.scheduler is None:
        raise InputError(f"--security {options.security} goes with --scheduler; leave it out")
    if options.scheduler is None and options.workers is None:
        return nullcontext()
    workers = None if options.workers is None else whole_number("--workers", options.workers, 1, _MOST_WORKERS)
    return dask_executor(workers, options.scheduler, None if options.security is None else Path(options.security))
