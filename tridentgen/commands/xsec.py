"""`tridentgen xsec`: compute cross sections of a card or of a process given by options."""

from __future__ import annotations

import argparse
import json
from types import MappingProxyType
from typing import Any

from tridentgen._version import __version__
from tridentgen.cards import Card, parse_card, read_card
from tridentgen.commands.common import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    Subparsers,
    add_common,
    complain,
    energy_GeV,
    overrides,
    require_unit,
    say,
)
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.errors import InputError
from tridentgen.flux import DARK_MATTER
from tridentgen.processes.kinds import TRIDENT, kind_names, kind_spelt
from tridentgen.reports.cross_sections import (
    CrossSectionReport,
    cross_section_caveats,
    cross_section_text,
    cross_sections,
)
from tridentgen.toml.tables import Override

_OPTIONS = MappingProxyType({"--nu": "neutrino", "--leptons": "leptons", "--target": "target", "--regime": "regimes"})


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    xsec = commands.add_parser("xsec", help="compute cross sections", allow_abbrev=False)
    xsec.add_argument("card", metavar="CARD", nargs="?", help="path or name of a card")
    xsec.add_argument("--process", metavar="KIND", help="instead of a card: " + ", ".join(kind_names()))
    xsec.add_argument("--nu", help="neutrino: nue, numu, nutau, nuebar, numubar, nutaubar")
    xsec.add_argument("--leptons", nargs=2, metavar="LEPTON", help="charged leptons, such as mu- mu+")
    xsec.add_argument("--target", help="nuclide, such as Ar40; for cevns and wimp also Ar or CsI")
    xsec.add_argument("--regime", nargs="+", metavar="REGIME", help="coherent, diffractive, proton, neutron, total")
    xsec.add_argument("--energy", nargs="+", metavar="E", help="neutrino energies: GeV, or with a unit as in 30MeV")
    xsec.add_argument("--rel-error", metavar="R", help="relative precision goal (default 1e-3)")
    add_common(xsec)
    xsec.set_defaults(command=_xsec)


def _xsec(options: argparse.Namespace) -> int:
    energies = None if options.energy is None else [energy_GeV(text) for text in options.energy]
    card = _xsec_card(options, energies)
    for text, energy in zip(options.energy or (), energies or (), strict=True):
        require_unit(text, energy, card.kind.usual_below_GeV, card.kind.events_are)
    found: list[CrossSectionReport] = []
    code = EXIT_OK
    try:
        with progress_bar(options.clock) as progress:
            for report in cross_sections(card, energies, progress):
                found.append(report)
    except KeyboardInterrupt:  # print the finished cross sections
        if not found:
            raise
        code = EXIT_INTERRUPTED
    results = [report.json for report in found]
    warnings = [warning for report in found for warning in report.warnings]
    warnings += cross_section_caveats(card, energies)
    if card.cuts.limits:
        warnings.append("the cuts of the card are not applied here; use generate to apply them")
    if options.json:
        say(json.dumps({"results": results, "warnings": warnings, "version": __version__}, indent=2))
    else:
        say(cross_section_text(results))
    for warning in warnings:
        complain(f"tridentgen: warning: {warning}")
    if code == EXIT_INTERRUPTED:
        complain(f"tridentgen: interrupted after {len(found)} cross section{'s' * (len(found) > 1)}")
    return code


def _xsec_card(options: argparse.Namespace, energies_GeV: list[float] | None) -> Card:
    """Return the card named, or one made from the options."""
    given = {
        "--process": options.process,
        "--nu": options.nu,
        "--leptons": options.leptons,
        "--target": options.target,
        "--regime": options.regime,
    }
    flux: list[str | Override] = []
    if energies_GeV is not None:
        origin = f"--energy {' '.join(options.energy)}"
        values = {"kind": "monochromatic", "energy_GeV": energies_GeV[0]}
        flux = [Override(("flux", key), value, origin) for key, value in values.items()]
    if options.card is not None:
        stray = [name for name, value in given.items() if value is not None]
        if stray:
            raise InputError(f"{', '.join(stray)} cannot go with a card; use --set process.KEY=VALUE")
        return read_card(options.card, overrides(options) + flux)
    given["--process"] = given["--process"] or TRIDENT.name
    flux += _fill_in(given, options)
    keys = ("kind", "neutrino", "leptons", "target", "regimes")
    process: list[str | Override] = [
        Override(("process", key), value, f"{name} {value if isinstance(value, str) else ' '.join(value)}")
        for key, (name, value) in zip(keys, given.items(), strict=True)
        if value is not None
    ]
    return parse_card("", path="the command line", overrides=process + flux + overrides(options))


def _fill_in(given: dict[str, Any], options: argparse.Namespace) -> list[str | Override]:
    """Fill in the defaults of a kind of process, and return those of its flux; raise `InputError` if options lack."""
    kind = kind_spelt(given["--process"])
    if kind is None:
        return []  # reported with the other mistakes of the options
    for option, key in _OPTIONS.items():
        if given[option] is None:
            given[option] = kind.defaults.get(key)
    missing = [option for option, key in _OPTIONS.items() if key in kind.required and given[option] is None]
    of_halo = kind.projectile == DARK_MATTER
    missing += ["--energy"] if options.energy is None and not of_halo else []
    if missing:
        raise InputError(f"xsec needs a card, or also {', '.join(missing)}")
    return (
        [Override(("flux", "kind"), "halo", f"--process {given['--process']}")]
        if of_halo and not options.energy
        else []
    )
