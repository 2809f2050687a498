"""Headings of pictures of events, and names of particles in TeX."""

from __future__ import annotations

import re
import textwrap
from types import MappingProxyType

from tridentgen.events.events import Events
from tridentgen.processes.trident.trident import Trident

_LEPTONS = {"e": "e", "mu": r"\mu", "tau": r"\tau"}
_ANY_LEPTON = r"\ell"
_REACTION_WIDTH = 24  # letters
_NEUTRINO = re.compile(r"nu(e|mu|tau)(bar)?")
_POWER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e\+?(-?\d+)(?![\w.])")
_NUCLIDE = re.compile(r"([A-Z][a-z]?)(\d+)")


def lepton(events: Events, sign: str) -> str:
    """Return the minus or plus lepton in TeX; the letter l if the file does not name it."""
    name = str(events.attributes.get(f"lepton_{sign}", ""))
    return rf"{_LEPTONS.get(name[:-1], _ANY_LEPTON)}^{{{'+' if sign == 'plus' else '-'}}}"


def heading(events: Events, width: int) -> str:
    """Return title, reaction and beam of the run on lines of about `width` letters."""
    title, beam = (plain(events.attributes.get(name, "")) for name in ("title", "flux"))
    beam = _POWER.sub(r"$\1\\times10^{\2}$", beam).replace("cm^2", "cm$^2$")
    reaction = reaction_line(events)
    if beam and len(beam) < width - _REACTION_WIDTH:
        reaction, beam = f"{reaction},  {beam}", ""
    return "\n".join(line for line in (textwrap.fill(title, width), reaction, textwrap.fill(beam, width)) if line)


def reaction_line(events: Events) -> str:
    """Return ``nu A -> nu l- l+ X`` or ``nu A -> nu A`` in TeX, as far as the attributes name the particles."""
    named = str(events.attributes.get("neutrino", ""))
    neutrino = _NEUTRINO.fullmatch(named)
    minus, plus = (str(events.attributes.get(f"lepton_{sign}", ""))[:-1] for sign in ("minus", "plus"))
    if not neutrino or minus not in _LEPTONS or plus not in _LEPTONS:
        target = events.attributes.get("target")
        given = str(events.attributes.get("reaction", "" if target is None else f"nu {target} -> nu {target}"))
        return _typeset(given, named) if "->" in given else plain(target or "neutrino scattering")
    flavour, anti = neutrino[1], bool(neutrino[2])
    # Lepton numbers balance: a neutrino of the flavour of its charged partner passes on the other flavour.
    own, partner = (plus, minus) if anti else (minus, plus)
    outgoing = flavour if own == partner else partner
    beam, out = (_neutrino(f, anti) for f in (flavour, outgoing))
    nuclide = re.fullmatch(r"([A-Za-z]+)(\d*)", str(events.attributes.get("target", "")))
    target = rf"{{}}^{{{nuclide[2]}}}\mathrm{{{nuclide[1]}}}" if nuclide else "A"
    return rf"${beam}\,{target} \rightarrow {out}\,{lepton(events, 'minus')}\,{lepton(events, 'plus')}\,X$"


def trident_title(trident: Trident) -> str:
    """Return ``nu -> l- l+, A regime`` in TeX."""
    return f"{pair_name(trident)}, {nuclide_name(trident.target)} {', '.join(trident.regimes)}"


def pair_name(trident: Trident) -> str:
    """Return ``nu -> l- l+`` in TeX."""
    beam = _neutrino(trident.incoming.flavour, trident.incoming.antiparticle)
    return rf"${beam} \rightarrow$ {pair_label((trident.lepton_minus, trident.lepton_plus))}"


def pair_label(leptons: tuple[str, str]) -> str:
    """Return ``l- l+`` in TeX."""
    return "$" + "".join(f"{_LEPTONS[name[:-1]]}^{name[-1]}" for name in leptons) + "$"


def _typeset(reaction: str, neutrino: str) -> str:
    """Return ``nu A -> nu A`` in TeX; `neutrino` replaces ``nu`` if the beam has a single species."""
    one = _NEUTRINO.fullmatch(neutrino)
    beam = _neutrino(one[1], bool(one[2])) if one else r"\nu"
    ways = reaction.partition(" (")[0].split(", ")  # of inverse muon decay there are two
    return ",  ".join(f"${_one_way(way, beam)}$" for way in ways)


def _one_way(way: str, beam: str) -> str:
    """Return one of the reactions ``nu A -> nu A`` in TeX, without dollar signs."""
    told = [r"\,".join(_symbol(word, beam) for word in side.split()) for side in way.split(" -> ")]
    told = [side.replace(rf"{beam}\,\mathrm{{or}}\,N", rf"({beam}\,\mathrm{{or}}\,N)") for side in told]
    return r" \rightarrow ".join(told)


def _symbol(word: str, beam: str) -> str:
    """Return a particle, nuclide or formula in TeX, without dollar signs."""
    neutrino = _NEUTRINO.fullmatch(word)
    if neutrino:
        return _neutrino(neutrino[1], bool(neutrino[2]))
    if word == "nu":
        return beam
    if word == "chi":  # dark matter
        return r"\chi"
    if word == "gamma":
        return r"\gamma"
    if word in ("N", "n", "p"):  # a heavy neutral lepton, a neutron, a proton
        return word
    if word[:-1] in _LEPTONS and word[-1] in "+-":
        return f"{_LEPTONS[word[:-1]]}^{word[-1]}"
    if _NUCLIDE.fullmatch(word):
        return nuclide_name(word).strip("$")
    if re.fullmatch(r"[A-Z][A-Za-z0-9()]*", word):
        return r"\mathrm{" + re.sub("([0-9]+)", r"_{\1}", word) + "}"
    return r"\mathrm{or}" if word == "or" else "A"  # a material by its name


def _neutrino(flavour: str, anti: bool) -> str:
    return rf"\overline{{\nu}}_{{{_LEPTONS[flavour]}}}" if anti else rf"\nu_{{{_LEPTONS[flavour]}}}"


def neutrino_name(name: str) -> str:
    """Return ``numubar`` in TeX; other names as they are."""
    found = _NEUTRINO.fullmatch(name)
    return f"${_neutrino(found[1], bool(found[2]))}$" if found else plain(name)


def nuclide_name(name: str) -> str:
    """Return ``Cs133`` in TeX; other names as they are."""
    found = _NUCLIDE.fullmatch(name)
    return rf"${{}}^{{{found[2]}}}\mathrm{{{found[1]}}}$" if found else plain(name)


def component_name(name: str) -> str:
    """Return a component of a source in TeX: ``prompt-numu``, ``8B-nue``, ``nuebar``."""
    origin, _, last = name.rpartition("-")
    if not _NEUTRINO.fullmatch(last):
        origin, last = name, ""
    parent = re.fullmatch(r"(\d+)([A-Z][a-z]?)(-.*)?", origin)
    told = rf"${{}}^{{{parent[1]}}}\mathrm{{{parent[2]}}}${plain(parent[3] or '')}" if parent else plain(origin)
    return " ".join(part for part in (told, neutrino_name(last) if last else "") if part)


_FINAL_STATES = MappingProxyType(
    {
        "elastic": r"$\nu$ (elastic)",
        "upscattering": r"$N$ (upscattering)",
        "upscattering-proton": r"$N\,p$ (upscattering)",
        "upscattering-neutron": r"$N\,n$ (upscattering)",
    }
)


def typeset(label: str, what: str) -> str:
    """Return the name of a class of events in TeX; `what` as in `Sort.typeset`."""
    if what == "neutrino":
        return neutrino_name(label)
    if what == "nuclide":
        return nuclide_name(label)
    if what == "component":
        return component_name(label)
    if what == "final state":
        return _FINAL_STATES.get(label, label)
    return label


def component_origin(name: str) -> str:
    """Return ``8B`` for ``8B-numu``: the common origin of the flavours from oscillations."""
    origin, _, last = name.rpartition("-")
    return origin if origin and _NEUTRINO.fullmatch(last) else name


def plain(text: object) -> str:
    """Return a user's text on one line, with dollar signs escaped for TeX."""
    return " ".join(str(text).split()).replace("$", r"\$")


def percent(share: float) -> str:
    """Return a share in percent, to two digits below 10 %."""
    return f"{100.0 * share:.0f} %" if share >= 0.095 else f"{100.0 * share:.2g} %"
