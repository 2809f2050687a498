"""What a text says about the units of a flux: titles of histograms and axes, heads and comments of tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ENERGIES_GeV: Mapping[str, float] = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
"""Units of energy by name, in GeV."""

AREAS_CM2: Mapping[str, float] = {"cm2": 1.0, "m2": 1e4, "km2": 1e10}
"""Units of area by name, in cm^2."""

_ENERGY_NAMES = {name.lower(): name for name in ENERGIES_GeV}
_YEAR_S = 31_557_600.0
_SECONDS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours", "hr"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("week", "weeks", "wk"), 7.0 * 86400.0),
    **dict.fromkeys(("month", "months"), _YEAR_S / 12.0),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), _YEAR_S),
}
_SHORT_TIMES = ("ms", "s", "min", "h", "d", "wk", "y")
"""Times that mean other things where nothing is divided by them."""

_BURSTS = ("burst", "bursts", "supernova", "sn", "explosion")
_EXPOSURES = ("spill", "spills", "pulse", "pulses", "protons", "proton", "exposure")
_BEAM = ("proton", "protons", "beam", "p", "energy", "momentum")
"""Words beside the energy of the protons, as in ``120 GeV protons``."""

_NUMERATOR = re.compile(r"(?i)(anti|a|bar)?nu|phi|dn|df|dphi")
_FACTOR_OF = re.compile(r"(?i)\s*(?:$|[/*÷(\[:,;)\]]|(?:anti|a)?nu|ν|neutrinos?|(?:[cmk]?m|[kmgt]?ev|s)\s*\^?\s*-)")
"""What a power of ten is multiplied with; others, as in ``3e53 erg``, are about something else."""

_DOUBTFUL_POT = re.compile(r"(?i)\bfiles?\s*(?:of\b|x\b|\*|with\b|each\b).*\bPOT\b|\d,\d+(?:e\+?\d+)?\s*POT\b")
_NO_DIVISORS = ("d", "e", "de", "dt", "en", "enu", "denu", "nu", "n", "c")
_ANGLES = ("sr", "steradian", "steradians", "srad")
_MASSES = ("kton", "ktons", "kt", "ton", "tons", "tonne", "tonnes", "kg", "kiloton", "kilotonne")
_OTHER_AREAS = ("mm", "dm", "inch", "foot", "ft", "barn", "hectare")
_ENERGY_AXES = (
    *("e", "enu", "ev", "en", "energy", "energies", "enuc", "edge", "edges", "emin", "emax", "elo", "ehi", "elow"),
    *("ehigh", "low", "high", "lower", "upper", "in", "binmid", "emid", "ecentre", "ecenter", "t"),
)
_DIVIDED_AXES = ("e", "enu", "ev", "en", "energy", "energies", "emin", "emax", "elo", "ehi", "elow", "ehigh", "t", "nu")
_SPACING = ("step", "steps", "wide", "width", "spacing", "binning", "intervals")
_BETWEEN = ("energy", "unit", "a", "each", "the", "one")
_AFTER_POT = (
    *("total", "simulated", "used", "number", "count", "per", "file", "files", "is", "of", "in", "sample", "pot"),
    *("the", "run", "equivalent"),
)
"""Words between POT and its number, as in ``POT per file: 500``."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_REWRITTEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[\u2212\u2010-\u2014]", "-"),
        (r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", r"\1/(\2)"),
        (r"\\(?:mathrm|mathit|text|textrm|rm|left|right|mbox|operatorname)(?![A-Za-z])", " "),
        (r"\\[,;:! ]|[$~]", " "),
        (r"(?:\\|#)(?:cdot|times|ast)(?![a-z])|[·×⋅∙]", "*"),
        (r"\*\*", "^"),
        (r"(?i)(?<![\w.])(\d+\.?\d*)d([+-]?\d+)(?![\w.])", r"\1e\2"),
        (r"(?<![\w.])10\s*-\s*(\d{1,2})(?=\s*(?:[A-Za-z]|ν))(?!\s*[kMGT]?eV)", r"1e-\1"),
        (r"\^\s*[{(]\s*([+-]?)\s*(\d+)\s*[})]", r"^\1\2"),
        (r"\^\s*([+-]?)\s*(?=\d)", r"^\1"),
        (r"\{\s*([A-Za-z. ]+?)\s*\}\s*\^", r"\1^"),
        (r"[(\[]([^()\[\]]{1,80})[)\]]\s*\^?\s*-1(?!\d)", r"/(\1)"),
        (r"(?i)(?<![A-Za-z\d.])x\s*(?=1\.?0*e[+-]?\d|10\s*\^)", "* "),
        (r"_\{[^{}]*\}", " "),
        (r"[{}]", " "),
        (r"[\\#]([A-Za-z]+)", r" \1 "),
        (r"_", " "),
        (r"(?i)\bp\s*\.\s*o\s*\.\s*t\b\.?", " POT"),
        (r"(?i)(?<=\d)p\s*\.\s*o\s*\.\s*t\b\.?", " POT"),
        (r"(?<=[A-Za-z\d])\.(?=[A-Za-z])", "*"),
        (r"(?i)\bincident\s+protons?\b", " POT"),
        (r"(?i)(?<![\d,.])(\d{1,3}),(\d{3}),(\d{3})(?=\s*pots?\b)", r"\1\2\3"),
        (r"(?i)\bprotons?[\s-]+(?:on|per)[\s-]+targets?\b", " POT"),
        (r"(?i)(?<![\w.^+-])(\d[\d.]*)\s*(?:x|\*)\s*10\s*\^\s*([+-]?\d+)", r"\1e\2"),
        (r"(?i)(?<![\w.^+-])(\d[\d.]*)\s+10\s*\^\s*([+-]?\d+)(?=\s*pots?\b)", r"\1e\2"),
        (r"(?i)\b(?:one|a)\s+(thousand|million|billion)\b", r"1 \1"),
        (r"(?<![\w.])10\s*\^\s*([+-]?\d+)", r"1e\1"),
        (r"(?i)(?<![\w.])(\d[\d.]*)\s*(?:thousand|k)\s*(?=pots?\b)", r"\1e3 "),
        (r"(?i)(?<![\w.])(\d[\d.]*)\s*(?:million|M)\s*(?=pots?\b)", r"\1e6 "),
        (r"(?i)(?<![\w.])(\d[\d.]*)\s*(?:billion|G)\s*(?=pots?\b)", r"\1e9 "),
        (r"(?i)(?<![a-z])n?pots?(?![a-z])", " POT"),
        (r"(?i)\b(?:square|sq\.?)\s*(?:centimet(?:er|re)s?|cm)\b", "cm^2"),
        (r"(?i)\b(?:square|sq\.?)\s*(?:kilomet(?:er|re)s?|km)\b", "km^2"),
        (r"(?i)\b(?:square|sq\.?)\s*(?:met(?:er|re)s?|m)\b", "m^2"),
        (r"(?i)\b(?:centimet(?:er|re)s?|cm)[\s-]+squared\b", "cm^2"),
        (r"(?i)\b(?:met(?:er|re)s?|m)[\s-]+squared\b", "m^2"),
        (r"(?i)\bper[\s-]+", "÷ "),
        (r"(?i)\b(eV|keV|MeV|GeV|TeV)[\s-]+bins?\b", r"\1"),
    )
)
_REFUSED: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(?i)\bE\s*(?:\^\s*[+-]?[\d.]+)?\s*(?:\*|x)?\s*d\s*(?:phi|n|f|flux|j)\s*/\s*d\s*E"),
        "its numbers are multiplied by the energy",
    ),
    (
        re.compile(r"(?i)\bE\s*(?:nu\s*)?(?:\^?\s*[1-9](?:\.\d+)?\s*\*?|x|\*)\s*(?:phi|flux)\b"),
        "its numbers are multiplied by the energy",
    ),
    (
        re.compile(r"(?i)\bE(?:\s*nu)?\s*\*?\s*phi\b(?!\s*(?:anti|a|bar)?(?:nu|v|e\b|mu\b|tau\b))"),
        "its numbers are multiplied by the energy",
    ),
    (
        re.compile(
            r"(?i)\b(?:flux|phi)\s+(?:times|x)\s+(?:the\s+)?(?:neutrino\s+)?(?:energy|E)\b|\benergy[\s-]+weighted"
        ),
        "its numbers are multiplied by the energy",
    ),
    (re.compile(r"(?i)\b(?:log|ln|lg)\s*(?:10)?\s*[(\[]?\s*(?:flux|phi)\b"), "its numbers are logarithms"),
    (
        re.compile(r"(?i)[(\[]\s*[x*]\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*[)\]]"),
        "its numbers are to be multiplied by {}",
    ),
    (
        re.compile(r"(?i)\b(?:integral|integrated|cumulative)\s+(?:flux|spectrum)\s+(?:above|below)|\bflux\s*\(\s*>"),
        "its numbers are integrals over the energies above",
    ),
    (
        re.compile(r"(?i)/\s*d\s*(?:log|ln|lg)(?:\s*\^?\s*10)?|\b(?:log|ln|lg)\s*(?:10)?\s*[(\[]?\s*E(?:nu|nergy)?\b"),
        "its energies are logarithms",
    ),
)
"""Quantities that are no flux per energy over the energy, and what to call them."""

_RELATIVE = re.compile(
    r"(?i)\barb(?:itrary|\.)?\s*units?\b|(?<![a-z.\d])(?<!\d )a\.\s?u\.(?![a-z])|\bunit[- ](?:area|integral|norm)"
    r"|\brelative\s+(?:flux(?:es)?|intensit\w+|units?|normali\w+)\b(?!\s+(?:uncertaint|error))|\barb\.?\s?u\."
    r"|\b(?:area|unit|peak)[- ]normali[sz]ed|\barbitrar(?:y|ily)\s+normali\w+|\bprobability\s+density"
    r"|,\s*normali[sz]ed\s*$"
    r"|\bnormali[sz]ed\s+to\s+(?:unity|one|1(?![\d.e]|\s*(?:pot|p\.\s?o\.\s?t|proton))|unit\b|its\s+(?:integral|area|peak|maximum))"
    r"|\bshapes?\s+only\b|\bonly\s+(?:the\s+|its\s+)?shape\b|\bno\s+absolute\s+(?:scale|normali\w+)"
)
"""Words for a flux of which only the shape is known."""

_TOKEN = re.compile(
    r"(?P<number>(?<![A-Za-z\d.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-zν]+)(?:\s*\^\s*(?P<power>[+-]?\d+)|(?P<glued>-?\d+)(?![\d.]))?"
    r"|(?P<mark>[/÷()\[\]*=:,;])"
)
_FEW_POT = 1e3
"""A smaller number beside POT may count other things."""

_LONG_S = 1e3
"""Seconds that are more than the length of a pulse."""
_LONGEST = 2000
"""Characters of a line that are looked at."""

_MOST = 500
"""Different lines that are looked at: no head is longer."""

_SHOWN = 70


@dataclass(frozen=True)
class Said:
    """One statement of a text: its value, the line as it stands, and the number of that line (0: a title)."""

    value: str | float
    text: str
    line: int

    def quoted(self) -> str:
        """Return the line in quotes, shortened."""
        return f"'{self.text if len(self.text) <= _SHOWN else self.text[: _SHOWN - 3] + '...'}'"


@dataclass
class TextUnits:
    """What a text says, and the words that say something about units that could not be placed.

    Attributes
    ----------
    area : list
        ``"cm2"``, ``"m2"``, ``"km2"``.
    per : list
        What the flux is per: ``"bin"``, ``"GeV"``, ``"50 MeV"``.
    energy_unit : list
        The unit of the energies, ``"GeV"``.
    pot : list
        Protons on target, a number.
    seconds : list
        The time that a flux per time is per, a number of seconds.
    points : list
        ``"edges"`` where a text says that energies are lower edges.
    unplaced : dict
        For ``"energy"``, ``"area"``, ``"exposure"`` and ``"time"``, the words that could not be placed; for
        ``"divisor"``, what the flux is also divided by.
    upper : list
        Where a text speaks of upper edges.
    burst : list
        Words for a flux per burst.
    refused : list
        Quantities that are no flux per area and energy; the value says which.
    relative : list
        Words for a flux of which only the shape is known.
    """

    area: list[Said] = field(default_factory=list)
    per: list[Said] = field(default_factory=list)
    energy_unit: list[Said] = field(default_factory=list)
    pot: list[Said] = field(default_factory=list)
    seconds: list[Said] = field(default_factory=list)
    points: list[Said] = field(default_factory=list)
    upper: list[Said] = field(default_factory=list)
    burst: list[Said] = field(default_factory=list)
    unplaced: dict[str, list[Said]] = field(default_factory=dict)
    refused: list[Said] = field(default_factory=list)
    relative: list[Said] = field(default_factory=list)


def read_units(lines: Iterable[tuple[int, str]]) -> TextUnits:
    """Read what lines of text, with their numbers, say about units."""
    found = TextUnits()
    distinct: dict[str, int] = {}
    for number, text in lines:
        if text.strip() and len(distinct) < _MOST:
            distinct.setdefault(text.strip(), number)
    for text, number in distinct.items():
        _Line(text, number, found).read()
    return found


def per_in_gev(per: str) -> float | None:
    """Return the energy that a flux is per, as ``"GeV"`` or ``"50 MeV"``, in GeV; None where it is none."""
    match = re.fullmatch(r"\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?\s*([A-Za-z]+)\s*", per)
    if match is None or match.group(2).lower() not in _ENERGY_NAMES:
        return None
    value = float(match.group(1) or 1.0) * ENERGIES_GeV[_ENERGY_NAMES[match.group(2).lower()]]
    return value if 0.0 < value < float("inf") else None


def simplified(text: str) -> str:
    """Return a text with the markup of ROOT, LaTeX and Unicode replaced by plain words, ``/`` and ``^``."""
    plain = " ".join(text[:_LONGEST].split())
    plain = re.sub(r"[⁰¹²³⁴-⁹⁺⁻]+", lambda run: "^" + run.group().translate(_SUPERSCRIPTS), plain)
    for pattern, replacement in _REWRITTEN:
        plain = pattern.sub(replacement, plain)
    return plain


class _Line:
    """One line, read word by word from left to right."""

    def __init__(self, text: str, line: int, found: TextUnits) -> None:
        self.text, self.line, self.found = text, line, found
        self.plain = simplified(text)
        self.tokens = list(_TOKEN.finditer(self.plain))
        self.groups: list[bool] = []  # brackets that are open: whether the bracket is divided by
        self.slash = False
        self.direct = False  # just after a slash or "per"
        self.listing = False  # after "per": commas and "and" go on dividing, as in "per m2, GeV and 1e20 POT"
        self.number: float | None = None
        self.factor: str | None = None  # a power of ten that no unit has taken yet
        self.factors: list[str] = []
        self.divisors: list[str] = []
        self.doubtful = False  # numbers of protons that may be of a file or of all
        self.taken: set[int] = set()  # tokens that others have used

    def say(self, where: list[Said], value: str | float) -> None:
        where.append(Said(value, self.text, self.line))

    def cannot_place(self, kind: str, word: str) -> None:
        self.say(self.found.unplaced.setdefault(kind, []), word)

    def read(self) -> None:
        for pattern, what in _REFUSED:
            if match := pattern.search(self.plain):
                self.say(self.found.refused, what.format(*match.groups()))
                break
        if relative := _RELATIVE.search(" ".join(self.text[:_LONGEST].split())):
            self.say(self.found.relative, relative.group())
        if re.search(r"(?i)\b(?:lower|low|left)\s*(?:bin\s*)?edges?\b", self.plain):
            self.say(self.found.points, "edges")
        if re.search(r"(?i)\b(?:upper|high|right)\s*(?:bin\s*)?edges?\b", self.plain):
            self.say(self.found.upper, "upper edges")
        if files := _DOUBTFUL_POT.search(self.plain):
            self.cannot_place("exposure", files.group())
            self.doubtful = True
        if normalised := re.search(r"(?i)\bnormali[sz]ation\s*[:=]\s*([\d.]+e\+?\d+)", self.plain):
            self.cannot_place("exposure", normalised.group())
        for i, token in enumerate(self.tokens):
            if i in self.taken:
                continue
            if token["mark"]:
                self._mark(token["mark"])
            elif token["number"]:
                self.number = float(token["number"])
                self._drop_factor()
                power = re.fullmatch(r"(?:\d+\.?\d*|\.\d+)[eE][+-]?0*[1-9]\d*", token["number"])
                self.factor = token["number"] if power and _FACTOR_OF.match(self.plain, token.end()) else None
            else:
                self._word(i, token)
        self._drop_factor()
        if any(one.text == self.text for one in (*self.found.area, *self.found.per)):
            for factor in self.factors[:1]:
                self.say(self.found.refused, f"its numbers are to be multiplied by {factor}")
            for word in self.divisors:
                self.cannot_place("divisor", word)

    def _drop_factor(self) -> None:
        """Note a power of ten that belongs to no unit: it multiplies the numbers of the table."""
        if self.factor is not None:
            self.factors.append(self.factor)
        self.factor = None

    def _mark(self, mark: str) -> None:
        if mark in "([":
            self.groups.append(self.slash)
        elif mark in ")]" and self.groups:
            self.groups.pop()
        self.listing = mark == "÷" or (self.listing and mark in ",*")
        self.direct = mark in "/÷"
        self.slash = self.direct or self.listing
        if mark != "*":
            self.number = None
            self._drop_factor()

    def _word(self, i: int, token: re.Match[str]) -> None:
        word, power = token["word"], int(token["power"] or token["glued"] or 1)
        if self.slash and word.lower() in _BETWEEN and power == 1 and self._next(i) != "":
            return  # per energy bin
        if word == "and" and self.listing:
            self.slash = True
            return
        low = word.lower()
        listed = self.listing and (low in _ENERGY_NAMES or low in ("cm", "m", "km", "pot", "bin", *_SECONDS, *_ANGLES))
        divided = self.slash or power < 0 or (bool(self.groups) and self.groups[-1]) or listed
        number, after_slash, direct = self.number, self.slash, self.direct
        self.slash, self.direct, self.number = False, False, None
        if word.lower() in _ENERGY_NAMES or word.lower() in ("pot", "proton", "protons", *_SECONDS):
            self.factor = None
        self._drop_factor()
        self.listing = listed or (self.listing and low == "area")
        if low in _ENERGY_NAMES and word != "Ev":  # Ev is the name of a column
            self._energy(i, _ENERGY_NAMES[low], power, number, divided, after_slash)
        elif (low == "cm" or word in ("m", "km")) and abs(power) == 2 and number in (None, 1.0):
            self.say(self.found.area, f"{low}2")
        elif (low in ("cm", "km") and divided) or (low in ("cm", "m", "km", *_OTHER_AREAS) and abs(power) in (2, 3)):
            self.cannot_place("area", token.group() if number is None else f"{number:g} {token.group()}")
        elif divided and (low in _OTHER_AREAS or low == "area"):
            self.cannot_place("area", token.group())
        elif word == "POT" or (low in ("proton", "protons") and (number is not None or divided)):
            self._pot(i, number)
        elif low in _SECONDS and word == "Ms":
            self.cannot_place("time", word)
        elif low in _SECONDS:
            self._time(low, number, divided)
        elif low in ("bin", "bins") and divided:
            self.say(self.found.per, "bin")
        elif low in _BURSTS and divided:
            self.say(self.found.burst, "burst")
        elif low in ("proton", "protons") and self._next(i).lower() in _BEAM:
            return  # the energy of the protons follows
        elif low in _EXPOSURES:
            self.cannot_place("exposure", word)
        elif low in _ANGLES and divided:
            self.say(self.found.refused, "its numbers are per sr")
        elif low in _MASSES and divided:
            self.say(self.found.refused, "its numbers are events in a mass, which is no flux")
        elif (direct or power < 0) and low not in _NO_DIVISORS and not _NUMERATOR.match(word):
            self.divisors.append(word)

    def _energy(self, i: int, name: str, power: int, number: float | None, divided: bool, after_slash: bool) -> None:
        before, after = self._before(i), self._next(i)
        beside = {after.lower(), self._before(i - 1).lower(), self._before(i - 2).lower()}
        if number is not None and not divided and beside & {"proton", "protons"} and beside & set(_BEAM):
            if after.lower() in ("proton", "protons"):
                self.taken.add(i + 1)
            return  # the energy of the protons
        axis = before.lower() in _ENERGY_AXES and power == 1 and number is None
        alone = before in ("(", "[") and after in (")", "]") and power == 1 and number is None
        over = self._before(i - 1).lower()
        is_axis = over in _DIVIDED_AXES and (over != "nu" or self._before(i - 2).lower() in _DIVIDED_AXES)
        slashed_axis = after_slash and is_axis and power == 1 and number is None
        spaced = after.lower() in _SPACING and number is not None
        if slashed_axis or ((axis or alone) and not after_slash and not (self.groups and self.groups[-1])):
            self.say(self.found.energy_unit, name)
        elif divided and abs(power) == 1 and not spaced and (number is None or 0.0 < number < math.inf):
            self.say(self.found.per, name if number in (None, 1.0) else f"{number:g} {name}")
        else:
            self.cannot_place("energy", name if number is None else f"{number:g} {name}")

    def _pot(self, i: int, number: float | None) -> None:
        if number is None:
            number = self._number_after(i)
        if self.doubtful:
            return
        if number is None or 0.0 < number < math.inf:
            self.say(self.found.pot, number or 1.0)
        else:
            self.cannot_place("exposure", "POT")

    def _number_after(self, i: int) -> float | None:
        """Return the number of protons that follows the token POT, as in ``POT per file: 500``; None without one."""
        at = i + 1
        while at < len(self.tokens) and (self._name(self.tokens[at]).lower() in _AFTER_POT or
                                         self.tokens[at].group() in ("(", ")", "[", "]", "÷")):  # fmt: skip
            at += 1
        is_said = at < len(self.tokens) and self.tokens[at].group() in ("=", ":")
        at += is_said
        if at >= len(self.tokens) or not self.tokens[at]["number"]:
            return None
        number, follows = float(self.tokens[at]["number"]), self._next(at)
        if follows.lower() in _ENERGY_NAMES or (follows[:1].isalpha() and number < _FEW_POT):
            return None  # POT 2 horns
        if not is_said and (number < _FEW_POT or follows[:1].isalpha()):
            return None
        self.taken.add(at)
        return number

    def _time(self, word: str, number: float | None, divided: bool) -> None:
        if divided and (number is None or 0.0 < number < math.inf):
            self.say(self.found.seconds, _SECONDS[word] * (number or 1.0))
        elif word not in _SHORT_TIMES or (word == "s" and number is not None and number >= _LONG_S):
            self.cannot_place("time", word if word != "s" else f"{number:g} s")

    def _before(self, i: int) -> str:
        return self._name(self.tokens[i - 1]) if i >= 1 else ""

    def _next(self, i: int) -> str:
        return self._name(self.tokens[i + 1]) if i + 1 < len(self.tokens) else ""

    @staticmethod
    def _name(token: re.Match[str]) -> str:
        return str(token["word"] or token.group())
