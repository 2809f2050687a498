"""`tridentgen floor`: discovery limits of dark matter over neutrinos, and the neutrino fog."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from tridentgen.analysis.fog.curves import read_curve
from tridentgen.analysis.fog.fog import neutrino_fog
from tridentgen.cards import read_card
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.reports.fog import fog_json, fog_text


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "floor", help="discovery limits of WIMPs over neutrinos, and the neutrino fog", allow_abbrev=False
    )
    parser.add_argument("card", metavar="CARD", help="path of a card for WIMPs, or the name of a built-in one: xenon")
    parser.add_argument("--mass", metavar="M", action="extend", nargs="+", help="masses in GeV (default: the card's)")
    parser.add_argument("--exposure", metavar="E", action="extend", nargs="+",
                        help="discovery limits for these exposures in tonne-years")  # fmt: skip
    parser.add_argument("--index", metavar="N", action="extend", nargs="+", help="indices of the boundaries of the fog "
                        "(default: 2)")  # fmt: skip
    parser.add_argument("--free", metavar="KEY=WIDTH", action="extend", nargs="+", default=[],
                        help="model.sin2_theta_w or process.neutron_radius_fm, and its relative error, as in "
                        "model.sin2_theta_w=0.1")  # fmt: skip
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE",
                        help="set a key of the card, as in floor.convention=ohare-2021; may be repeated")  # fmt: skip
    parser.add_argument("-o", "--output", metavar="PICTURE", help="draw cross sections against the mass")
    parser.add_argument("--curve", metavar="FILE", action="extend", nargs="+", default=[], help="curves to draw "
                        "besides: text with columns of mass in GeV and cross section in cm2")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_floor)


def _floor(options: argparse.Namespace) -> int:
    if options.curve and options.output is None:
        raise InputError(f"--curve {options.curve[0]}: is drawn in a picture; give its name with --output")
    if options.output is not None:
        from tridentgen.plots.style import check_picture

        check_picture(Path(options.output))
    curves = {Path(name).stem: read_curve(Path(name)) for name in options.curve}
    card = read_card(options.card, options.overrides)
    with progress_bar(options.clock) as progress:
        fog = neutrino_fog(
            card,
            _numbers("--mass", options.mass),
            _numbers("--index", options.index),
            exposures_t_year=_numbers("--exposure", options.exposure),
            free=_free(options.free),
            progress=progress,
        )
    pictures = []
    if options.output is not None:
        from tridentgen.plots.fog import plot_fog  # only drawing needs the extra `plot`

        pictures.append(str(plot_fog(fog, Path(options.output), curves)))
    names = {"pictures": pictures} if pictures else {}
    text = json.dumps({**fog_json(fog), **names}, indent=2) if options.json else fog_text(fog)
    say("\n".join([text, *([] if options.json else pictures)]))
    return EXIT_OK


def _numbers(option: str, texts: Sequence[str] | None) -> list[float] | None:
    """Return the numbers given with an option; None without it."""
    return None if texts is None else [_number(f"{option} {text}", text) for text in texts]


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option}: '{text}' is not a number; write one such as 10") from None


def _free(texts: Sequence[str]) -> dict[str, float]:
    """Return keys and relative errors of ``KEY=WIDTH``."""
    found: dict[str, float] = {}
    for text in texts:
        key, equals, width = text.partition("=")
        if not equals:
            raise InputError(f"--free {text}: needs a relative error, as in {text}=0.1")
        value = _number(f"--free {text}", width)
        if key in found:
            raise InputError(f"--free {text}: {key} is given twice; give one error")
        found[key] = value
    return found
