"""`tridentgen figure`: compute and draw figures of the physics."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tridentgen._version import __version__
from tridentgen.commands.common import EXIT_OK, Subparsers, add_common, complain, energy_GeV, overrides, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError, nearest
from tridentgen.reports.layout import aligned


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    figure = commands.add_parser("figure", help="compute and draw a figure of the physics", allow_abbrev=False)
    figure.add_argument("name", metavar="NAME", nargs="?", help="name of the figure; without it, list the figures")
    figure.add_argument("card", metavar="CARD", nargs="?",
                        help="gives target, model, flux and sampling (default: quickstart)")  # fmt: skip
    figure.add_argument("--energy", nargs="+", metavar="E", help="neutrino energies instead of the figure's own")
    figure.add_argument("--events", metavar="N", help="events of each distribution (default 100000)")
    figure.add_argument("--rel-error", metavar="R", help="relative precision goal of each cross section (default 1e-3)")
    figure.add_argument("-o", "--output", metavar="PICTURE", help="file ending in .png, .pdf or .svg "
                        "(default: NAME.png)")  # fmt: skip
    figure.add_argument("--flux-folder", metavar="DIR", help="folder with the flux files")
    add_common(figure)
    figure.set_defaults(command=_figure)


def _figure(options: argparse.Namespace) -> int:
    # The extra `plot` and most of the package are not needed for anything else.
    from tridentgen.figures.base import Request, card_with_flux
    from tridentgen.figures.kinds import KINDS
    from tridentgen.plots.style import check_picture, save, style

    if options.name is None:
        say(_list({name: kind.about for name, kind in KINDS.items()}, as_json=options.json))
        return EXIT_OK
    if options.name not in KINDS:
        hint = nearest(options.name, KINDS)
        raise InputError(f"no figure is called '{options.name}'{hint}; there are {', '.join(KINDS)}")
    kind: Any = KINDS[options.name]
    path = Path(options.output or f"{kind.name}.png")
    check_picture(path)
    folder = None if options.flux_folder is None else Path(options.flux_folder)
    if kind.own_cards and options.card is not None:
        raise InputError(f"the figure '{kind.name}' has cards of its own; leave '{options.card}' out")
    keys = overrides(options)
    card = card_with_flux(options.card or "quickstart", () if kind.own_cards else keys, folder)
    request = Request(card, _energies(options, kind.energies), folder, keys)
    with progress_bar(options.clock) as progress:
        numbers = kind.compute(request, progress)
    with style():
        save(kind.draw(numbers), path)
    if options.json:
        say(json.dumps({**kind.json(numbers), "picture": str(path), "version": __version__}, indent=2))
    else:
        say(f"{kind.text(numbers)}\n\n{path}")
    if not kind.own_cards and card.exposure is not None and card.exposure.material is not None:
        complain(
            f"tridentgen: warning: the figure is of process.target = {card.process.target} alone, not of all nuclides "
            f"of exposure.material = {card.exposure.material}"
        )
    return EXIT_OK


def _energies(options: argparse.Namespace, most: int) -> tuple[float, ...] | None:
    if options.energy is None:
        return None
    asked = f"--energy {' '.join(options.energy)}"
    if most == 0:
        raise InputError(f"{asked}: this figure is computed in the card's flux; use --set flux.kind=monochromatic and "
                         "flux.energy_GeV=E for one energy")  # fmt: skip
    if most == 1 and len(options.energy) > 1:
        raise InputError(f"{asked}: this figure takes one energy")
    return tuple(energy_GeV(text) for text in options.energy)


def _list(abouts: dict[str, str], *, as_json: bool) -> str:
    if as_json:
        return json.dumps([{"name": name, "about": about} for name, about in abouts.items()], indent=2)
    return aligned(list(abouts.items()))
