"""`tridentgen cut`: apply cuts to the events of a file, also of another generator."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tridentgen.analysis.cutting import CutRequest, apply_cuts
from tridentgen.commands.common import EXIT_OK, Subparsers, complain, energy_GeV, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.exchange.export.formats import refuse_names_of_others
from tridentgen.exchange.importing.candidates import Candidates, Taken
from tridentgen.reports.cuts import cut_json, cut_text, nothing_left


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("cut", help="apply cuts to the events of a file", allow_abbrev=False)
    parser.add_argument(
        "file", metavar="FILE", help="event file; or .hepmc3, .hepmc, .hepevt of any generator, also .gz"
    )
    parser.add_argument("--cut", metavar="KEY=VALUE", action="extend", nargs="+", default=[],
                        help="a key of [cuts], as in m2_ll_max_GeV2=0.2; in this order")  # fmt: skip
    parser.add_argument("--card", metavar="CARD", help="take the [cuts] of a card (default: those of the event file)")
    parser.add_argument("--minus", metavar="NAME", nargs="+", help="of other generators: particles taken for the "
                        "negative lepton; the lepton first, as in mu- pi-")  # fmt: skip
    parser.add_argument("--plus", metavar="NAME", nargs="+", help="the same for the positive lepton")
    parser.add_argument("--veto-kinetic", metavar="E", help="reject events with another visible particle of more "
                        "kinetic energy: GeV, or with a unit as in 20MeV")  # fmt: skip
    parser.add_argument("--beam-direction", metavar=("X", "Y", "Z"), nargs=3,
                        help="where a file has no incoming particles, as in 0 0 1")  # fmt: skip
    parser.add_argument("--weight", metavar="NAME", help="weight of HepMC to take (default: CV, or the only one)")
    parser.add_argument("-o", "--output", metavar="OUT.h5", help="write the events that pass")
    parser.add_argument("--force", action="store_true", help="overwrite the output")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_cut)


def _cut(options: argparse.Namespace) -> int:
    if options.output is not None:
        refuse_names_of_others(Path(options.output))
    veto = None if options.veto_kinetic is None else energy_GeV(options.veto_kinetic, "--veto-kinetic")
    cuts = CutRequest(tuple(options.cut), options.card, _candidates(options), veto, options.weight)
    with progress_bar(options.clock) as progress:
        flow = apply_cuts(options.file, cuts, options.output, force=options.force, progress=progress)
    say(json.dumps(cut_json(flow), indent=2) if options.json else cut_text(flow))
    for note in flow.notes:
        complain(f"tridentgen: warning: {note}")
    if nothing_left(flow):
        complain(f"tridentgen: warning: no event of '{flow.path}' passes the cuts; loosen them or take more events")
    return EXIT_OK


def _candidates(options: argparse.Namespace) -> Candidates | None:
    """Return the particles taken for the leptons; None if no option names them."""
    given = {"--minus": options.minus, "--plus": options.plus, "--beam-direction": options.beam_direction}
    named = [option for option, value in given.items() if value is not None]
    if not named:
        return None
    missing = [option for option in ("--minus", "--plus") if option not in named]
    if missing:
        raise InputError(f"{named[0]} needs {' and '.join(missing)}, as in --minus mu- pi- --plus mu+ pi+")
    minus, plus = Taken.named("--minus", options.minus, -1), Taken.named("--plus", options.plus, 1)
    if options.beam_direction is None:
        return Candidates(minus, plus)
    return Candidates(minus, plus, _direction(options.beam_direction))


def _direction(words: list[str]) -> tuple[float, float, float]:
    try:
        x, y, z = (float(word) for word in words)
    except ValueError:
        raise InputError(f"--beam-direction {' '.join(words)}: must be three numbers, such as 0 -0.1 1") from None
    return x, y, z
