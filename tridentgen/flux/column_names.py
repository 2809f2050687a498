"""Which column of a table is what, by the names in its head."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tridentgen.flux.bins import bins_meet
from tridentgen.flux.units_text import ENERGIES_GeV, simplified
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.typing import FloatArray

ENERGY, LOW, HIGH, WIDTH, BIN = "E", "low", "high", "width", "bin"
"""Names of the columns that are no flux."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    ENERGY: (
        *("e", "enu", "ev", "en", "energy", "energies", "eneutrino", "neutrinoenergy", "nuenergy", "trueenergy"),
        *("binmid", "mid", "midpoint", "emid", "ecentre", "ecenter", "bincentre", "bincenter", "ebin", "emean", "eavg"),
    ),
    LOW: (
        *("elo", "elow", "emin", "low", "lo", "lower", "elower", "loweredge", "loweredges", "lowedge", "lowedges"),
        *("binlow", "binlo", "ebinlow", "binmin", "xlow", "xlo", "xmin", "eleft", "left", "leftedge", "lowerbinedge"),
    ),
    HIGH: (
        *("ehi", "ehigh", "emax", "high", "hi", "upper", "eupper", "upperedge", "upperedges", "highedge", "highedges"),
        *("binhigh", "binhi", "ebinhigh", "binmax", "xhigh", "xhi", "xmax", "eright", "right", "rightedge"),
    ),
    WIDTH: ("width", "de", "binwidth", "deltae", "ewidth"),
    BIN: ("bin", "bins", "binno", "binnumber", "binnum", "ibin", "nbin", "no", "index", "i", "idx"),
}
_KNOWN = {word: name for name, words in _WORDS.items() for word in words}
BY_PDG_CODE: Mapping[str, str] = {str(neutrino.pdgid): name for name, neutrino in NEUTRINOS.items()}
"""Names of neutrinos by their PDG codes in text."""

_FLAVOUR = {"e": "nue", "m": "numu", "mu": "numu", "t": "nutau", "tau": "nutau"}
_NEUTRINO = re.compile(r"(anti|a|bar)?(?:nu|v)(bar|b|_)?(e|mu|m|tau|t)s?(bar|b)?")
_BARRED = tuple(
    re.compile(rf"(?i){pattern}")
    for pattern in (
        r"[\\#]?(?:bar|overline)\s*[{(]\s*[\\#]?(?:nu|ν|v)\s*[})]?[\s_{]*[\\#]?(e|mu|tau|μ|τ)\b\s*[})]?",
        r"(?:nu|ν|v)[\s_{]*(e|mu|tau|μ|τ)\}?[\s_-]*(?:bar|~)",
        r"ν[\u0304\u0305][\s_{]*(e|mu|tau|μ|τ)",
    )
)
"""Antineutrinos as people write them in sentences."""

_ASCII = {"μ": "mu", "τ": "tau"}
_IN_WORDS = re.compile(r"(?i)(anti[\s-]*)?(electron|muon|mu|tau)[\s-]+(anti[\s-]*)?neutrinos?")
_MENTION = re.compile(
    r"(?i)(?<![a-z])(?:anti|bar)?[\s_-]?(?:nu|ν)(?:[\s_]?bar)?[\s_]?(?:e|mu|µ|μ|tau|τ)(?:[\s_]?bar|b)?(?![a-z])"
)
_FILLER = {
    *("flux", "fluxes", "phi", "per", "pot", "cm", "m", "s", "sr", "in", "nus", "d", "dphi", "de", "unosc"),
    *("of", "for"),
    *(name.lower() for name in ENERGIES_GeV),
}
_MOST_LINES, _LONGEST_NAME, _WORDS_OF_NAME = 100, 30, 2
_SPLITS = (r"[\t]+|\s{2,}", r"[,;]", r"[\s,;|]+")


@dataclass(frozen=True)
class Head:
    """The columns named by one line of a file.

    Attributes
    ----------
    columns : mapping
        Number of the column of ``"E"``, ``"low"``, ``"high"``, ``"width"``, ``"bin"`` and of each neutrino.
    words : tuple of str
        The names as written.
    line, text
        The line, by number and as it stands.
    sure : bool
        Whether the names account for every column of the table.
    """

    columns: Mapping[str, int]
    words: tuple[str, ...]
    line: int
    text: str
    sure: bool


def column_name(word: str) -> str | None:
    """Return what a column of this name holds, or None for a name that is not known."""
    if word in BY_PDG_CODE:
        return BY_PDG_CODE[word]
    word = _IN_WORDS.sub(lambda found: _neutrino_of(found) + " ", word).replace("~", "bar").replace("overline", "bar")
    plain = word.lower().replace("µ", "mu").replace("μ", "mu").replace("τ", "tau").replace("ₑ", "e")
    plain = re.sub(r"ν[\u0304\u0305]", "nubar", plain).replace("ν", "nu")
    pieces = [piece for piece in re.split(r"[^a-z]+", plain) if piece]
    joined = "".join(pieces)
    kept = "".join(piece for piece in pieces if piece not in _FILLER) or joined
    if pieces[:1] in (["e"], ["energy"]) and "nu" in pieces[1:2]:
        kept = "".join([pieces[0], *(piece for piece in pieces[2:] if piece not in _FILLER)])
    for candidate in dict.fromkeys((joined, kept)):
        if candidate in _KNOWN:
            return _KNOWN[candidate]
        match = _NEUTRINO.fullmatch(candidate)
        if match is not None:
            anti = bool(match.group(1) or match.group(2) or match.group(4))
            return _FLAVOUR[match.group(3)] + ("bar" if anti else "")
    return None


def _neutrino_of(found: re.Match[str]) -> str:
    """Return the name of ``muon antineutrino``."""
    flavour = {"electron": "e", "muon": "mu"}.get(found[2].lower(), found[2].lower())
    return f"nu{flavour}{'bar' if found[1] or found[3] else ''}"


def unclear_head(notes: Iterable[tuple[int, str]], width: int) -> tuple[int, str] | None:
    """Return line and text of a head of `width` names that begins with an energy and is not wholly understood."""
    for line, text in list(notes)[:_MOST_LINES]:
        for words in _words_of(text):
            named = [word for word in words if not _is_unit(word)]
            begins = bool(named) and column_name(named[0]) in (ENERGY, LOW, BIN)
            pairs = [word.lower() for word in words] == ["x", "y"] * (width // 2)  # two digitised curves
            if width > _WORDS_OF_NAME and ((begins and len(named) == width) or (pairs and width % 2 == 0)):
                return line, text.strip()
    return None


def energies_of(notes: Iterable[tuple[int, str]], width: int) -> dict[str, int]:
    """Return the columns of energies and edges in a head of `width` names, whatever the others are; or nothing."""
    for _, text in list(notes)[:_MOST_LINES]:
        for words in _words_of(text):
            names = [column_name(word) or "" for word in words]
            found = {name: i for i, name in enumerate(names) if name in (ENERGY, LOW, HIGH, WIDTH)}
            if len(names) == width and LOW in found and HIGH in found:
                return found
    return {}


def _is_unit(word: str) -> bool:
    """Return whether a word is nothing but units and what stands between them."""
    pieces = [piece for piece in re.split(r"[^a-zA-Z]+", word.lower()) if piece]
    if not pieces:
        return not any(c.isalpha() for c in word)
    return all(piece in _FILLER and piece not in ("flux", "fluxes", "phi") for piece in pieces)


def read_head(notes: Iterable[tuple[int, str]], rows: FloatArray) -> Head | None:
    """Return the head of a table, the last line that names columns; None if there is none."""
    found: Head | None = None
    for line, text in notes:
        head = _head_of(line, text, rows)
        if head is not None and (head.sure or found is None or not found.sure):
            found = head
    return found


def mentioned(notes: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Return the neutrinos that a text mentions in any way, in its order, with the first line of each."""
    found: dict[str, int] = {}
    for line, text in list(notes)[:_MOST_LINES]:
        spelt = _IN_WORDS.sub(lambda found: f" {_neutrino_of(found)} ", text)
        for barred in _BARRED:
            spelt = barred.sub(lambda found: f" nu{_ASCII.get(found[1], found[1].lower())}bar ", spelt)
        for match in _MENTION.finditer(simplified(spelt)):
            name = column_name(match.group())
            if name is not None and name in NEUTRINOS:
                found.setdefault(name, line)
    return found


def _head_of(line: int, text: str, rows: FloatArray) -> Head | None:
    """Return the columns that a line names: an energy, low edge or bin first, and at least one neutrino."""
    best: Head | None = None
    for words in _words_of(text):
        names = [column_name(word) for word in words]
        run = next((i for i, name in enumerate(names) if name is None), len(names))
        if run < len(names) and names[0] not in (ENERGY, LOW, HIGH, BIN) and len(names) != rows.shape[1]:
            continue  # a sentence
        if run < len(names) and len(names) == rows.shape[1]:
            run = len(names)  # columns of other things between those that are known
        head = _placed(line, text, words[:run], names[:run], rows)
        if head is not None and (best is None or (head.sure, len(head.columns)) > (best.sure, len(best.columns))):
            best = head
    return best


def _words_of(text: str) -> Iterator[list[str]]:
    """Yield the names that a line may consist of, separated in several ways; brackets hold units, or a neutrino."""
    bare = re.sub(r"\(([^()]*)\)|\[([^\[\]]*)\]", _kept_neutrino, text[:1000]).strip()
    for split in _SPLITS:
        words = [word.strip(" \"'") for word in re.split(split, bare)]
        words = [word for word in words if re.search(r"[^\W\d_]", word) or word in BY_PDG_CODE]
        while words and words[-1].startswith("/"):  # units after the names
            words.pop()
        yield words


def _kept_neutrino(bracket: re.Match[str]) -> str:
    inside = (bracket[1] or bracket[2] or "").strip()
    return f"_{inside} " if len(inside) < _LONGEST_NAME and column_name(inside) in NEUTRINOS else " "


def _placed(line: int, text: str, words: list[str], names: list[str | None], rows: FloatArray) -> Head | None:
    """Return the head of these names in this order, or None where they are no head."""
    known = [name for name in names if name is not None]
    begins = bool(names) and names[0] in (ENERGY, LOW, HIGH, BIN)
    complete = len(names) == rows.shape[1] and (ENERGY in known or LOW in known) and _is_later(words, names, rows)
    if not (begins or complete) or not any(name in NEUTRINOS for name in known):
        return None
    if len(set(known)) < len(known):
        return None
    columns = {name: i for i, name in enumerate(names) if name is not None}
    width = rows.shape[1]
    if len(names) == width - 1 and ENERGY in columns and LOW not in columns:
        at = columns[ENERGY]
        if len(rows) > 1 and bins_meet(rows[:, at], rows[:, at + 1]):  # "Energy" stands over both edges
            columns = {name: column + (column > at) for name, column in columns.items() if name != ENERGY}
            return Head({**columns, LOW: at, HIGH: at + 1}, tuple(words), line, text, True)
    return Head(columns, tuple(words), line, text, len(names) == width)


def _is_later(words: list[str], names: list[str | None], rows: FloatArray) -> bool:
    """Return whether energies may stand in the later column that is called so: bare names, and numbers that agree."""
    column = next(i for i, name in enumerate(names) if name in (ENERGY, LOW))
    if column == 0:
        return True
    bare = all(len(re.findall(r"[A-Za-zνµμτ]+", word)) <= _WORDS_OF_NAME for word in words)
    first, energies = np.diff(rows[:, 0]), np.diff(rows[:, column])
    rises = bool((first > 0.0).all())
    return bare and not (rises and (len(words) == _WORDS_OF_NAME or not (energies > 0.0).all()))
