"""`tridentgen convert`: write events in the formats of detector simulations and other tools."""

from __future__ import annotations

import argparse
import dataclasses
import json

from tridentgen.commands.common import EXIT_OK, Subparsers, complain, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.exchange.export.convert import Conversion
from tridentgen.exchange.export.facts import RECOILS
from tridentgen.exchange.export.formats import FORMATS
from tridentgen.exchange.export.hepevt import FLAVOURS


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    convert = commands.add_parser("convert", help="write events in the format of another tool", allow_abbrev=False)
    convert.add_argument("source", metavar="EVENTS.h5", help="event file; or HepMC or HEPEVT of another generator")
    convert.add_argument("target", metavar="OUT", help=f"ends with {', '.join(FORMATS)}; or .h5 for those others")
    convert.add_argument("--flavour", metavar="F", help=f"of HEPEVT: {', '.join(FLAVOURS)} (default: larsoft)")
    convert.add_argument("--recoil", metavar="R", default="final",
                         help=f"outgoing nuclei: {', '.join(RECOILS)} (default: final)")  # fmt: skip
    convert.add_argument("--unweight", action="store_true", help="unweight by accept-reject")
    convert.add_argument("--seed", metavar="S", default="1", help="seed of the random numbers for --unweight")
    convert.add_argument("--weight", metavar="NAME",
                         help="of foreign HepMC: weight to take (default: CV, or the only one)")  # fmt: skip
    convert.add_argument("--force", action="store_true", help="overwrite the output")
    convert.add_argument("--json", action="store_true", help="print JSON")
    convert.set_defaults(command=_convert)


def _convert(options: argparse.Namespace) -> int:
    from tridentgen.exchange.convert import convert

    if not options.seed.isdecimal():
        raise InputError(f"--seed {options.seed}: must be a whole number from 0 to 2^64 - 1")
    with progress_bar(options.clock) as progress:
        done = convert(
            options.source, options.target, flavour=options.flavour, recoil=options.recoil, unweight=options.unweight,
            seed=int(options.seed), force=options.force, progress=progress, weight=options.weight,
            tell=lambda note: complain(f"tridentgen: warning: {note}"),
        )  # fmt: skip
    if done is None:
        say(json.dumps({"path": options.target}) if options.json else options.target)
        return EXIT_OK
    say(json.dumps({**dataclasses.asdict(done), "path": str(done.path)}, indent=2) if options.json else _text(done))
    if done.weights_lost:
        complain(
            f"tridentgen: warning: {done.format} cannot store weights, and the events of '{options.source}' have "
            f"different weights: {_cure(done)}"
        )
    if options.recoil == "omit":
        complain("tridentgen: warning: outgoing nuclei are left out, so momentum does not balance")
    return EXIT_OK


def _cure(done: Conversion) -> str:
    if done.overweight:
        return f"{done.overweight} overweight events count as one each"
    return "add --unweight"


def _text(done: Conversion) -> str:
    """Return the result of the conversion as text."""
    kind = "weighted" if done.weighted and not done.overweight else f"unweighted, {done.overweight} overweight"
    lines = (
        ("events", f"{done.events} of {done.events_read}, {kind}"),
        ("cross section", f"{done.sigma_pb:.6g} +- {done.error_pb:.2g} pb per atom"),
        *([("exposure", done.exposure)] if done.exposure else []),
        ("format", done.format),
        ("file", str(done.path)),
    )
    return "\n".join(f"  {name:<17} {value}" for name, value in lines)
