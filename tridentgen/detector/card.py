"""The [detector] table of a run card: its keys and values, checked as far as the card alone allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tridentgen.detector import (
    NAMED_QUENCHINGS,
    Constant,
    ConstantEfficiency,
    Detector,
    Efficiency,
    GammaResolution,
    GaussianResolution,
    Lindhard,
    Polynomial,
    Quenching,
    Resolution,
    SigmoidEfficiency,
    TableEfficiency,
    TableQuenching,
    TimeEfficiency,
    linear_factor,
    quenching,
)
from tridentgen.detector.efficiency import coherent_lar
from tridentgen.detector.quenching import ANY_RECOIL_KEV, COLUMNS
from tridentgen.errors import FileError, InputError
from tridentgen.flux.text_table import read_text_table
from tridentgen.matter.materials import natural_isotopes
from tridentgen.matter.nuclei import Nuclide, element_symbols, nuclide, split_name
from tridentgen.toml.tables import FINITE, NOT_NEGATIVE, POSITIVE, Convert, Table, number, one_of, show, string
from tridentgen.typing import FloatArray

_FACTOR = number("a number above 0 and at most 1", lambda x: 0.0 < x <= 1.0)
_RANGE = number(f"a positive number up to {ANY_RECOIL_KEV:g}", lambda x: 0.0 < x <= ANY_RECOIL_KEV)
_LIST = "[0.055, 4.3, -112.0]"

UNITS = ("keVee", "PE", "keVnr")
"""Argument of the efficiency: observed energy, photoelectrons, or recoil energy."""


@dataclass(frozen=True)
class Choice:
    """A kind, and the keys given with it."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Keys:
    """The required and optional keys of a kind, each with its check; lists of numbers are listed separately."""

    needed: Mapping[str, Convert[Any]] = field(default_factory=dict)
    optional: Mapping[str, Convert[Any]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()


_QUENCHING_KEYS: Mapping[str, Keys] = MappingProxyType(
    {
        **{name: Keys() for name in NAMED_QUENCHINGS},
        "lindhard": Keys(optional={"k": POSITIVE, "cutoff_keV": NOT_NEGATIVE, "q_keV": FINITE}),
        "constant": Keys({"factor": _FACTOR}),
        "linear": Keys({"factor": _FACTOR, "slope_per_keV": FINITE, "valid_to_keV": _RANGE}),
        "polynomial": Keys({"valid_to_keV": _RANGE}, lists=("coefficients",)),
        "table": Keys({"path": string}, {"column": one_of(COLUMNS)}),
    }
)
_EFFICIENCY_KEYS: Mapping[str, Keys] = MappingProxyType(
    {
        "constant": Keys({"value": _FACTOR}),
        "sigmoid": Keys(
            {"amplitude": POSITIVE, "slope": POSITIVE, "centre": FINITE},
            {"offset": FINITE, "unit": one_of(UNITS)},
        ),
        "table": Keys({"path": string}, {"unit": one_of(UNITS)}),
        "coherent-lar": Keys(),
    }
)
_WINDOW = {"min_ns": FINITE, "max_ns": FINITE}
_TIME_EFFICIENCY_KEYS: Mapping[str, Keys] = MappingProxyType(
    {
        "exponential": Keys({"flat_until_ns": FINITE, "decay_ns": POSITIVE}, _WINDOW),
        "window": Keys(optional=_WINDOW),
    }
)
_RESOLUTIONS: Mapping[str, tuple[Callable[..., Resolution], Keys]] = MappingProxyType(
    {
        "gaussian": (
            GaussianResolution,
            Keys(optional=dict.fromkeys(("a_keVee", "b_sqrt_keVee", "c"), NOT_NEGATIVE)),
        ),
        "gamma": (GammaResolution, Keys({"shape_per_keVee": POSITIVE})),
    }
)


@dataclass(frozen=True)
class DetectorCard:
    """The detector of a run card, ``[detector]``.

    `quenching` is by nuclide or element; the empty name is for all others.
    """

    quenching: Mapping[str, Choice]
    resolution: Resolution | None = None
    efficiency: Choice | None = None
    threshold_keVee: float = 0.0
    threshold_keVnr: float = 0.0
    light_yield: float | None = None
    time_efficiency: TimeEfficiency | None = None
    quenched_min_keVee: float = 0.0

    def detector(self, nuclides: Sequence[Nuclide], base_dir: Path = Path()) -> Detector:
        """Return the detector whose target has these nuclides, in their order.

        Parameters
        ----------
        nuclides : sequence of Nuclide
        base_dir : Path
            Folder of the card: relative paths start there.

        Raises
        ------
        InputError
            For a nuclide without quenching, or not covered by its quenching; the message names the key.
        FileError
            For a table that is missing or unusable.
        """
        tables = {
            name: _quenching_table(choice, base_dir, _quenching_key(name))
            for name, choice in self.quenching.items()
            if choice.kind == "table"
        }
        names = [self._entry(target) for target in nuclides]
        quenchings = [
            tables[name] if name in tables else self._quenching(name, target)
            for name, target in zip(names, nuclides, strict=True)
        ]
        efficiency = _efficiency(self.efficiency, self.light_yield, base_dir)
        of_recoil = self.efficiency is not None and self.efficiency.options.get("unit") == "keVnr"
        return Detector(
            tuple(quenchings),
            self.resolution,
            ConstantEfficiency() if of_recoil else efficiency,
            efficiency if of_recoil else ConstantEfficiency(),
            self.threshold_keVee,
            self.threshold_keVnr,
            self.time_efficiency,
            self.quenched_min_keVee,
            self.light_yield,
        )

    def _entry(self, target: Nuclide) -> str:
        """Return the key of `quenching` for the nuclide."""
        for name in (target.name, target.symbol, ""):
            if name in self.quenching:
                return name
        raise InputError(
            f"detector.quenching: no entry for {target.name}, only for {', '.join(self.quenching)}; "
            f"add [detector.quenching.{target.symbol}]"
        )

    def _quenching(self, name: str, target: Nuclide) -> Quenching:
        try:
            return _quenching(self.quenching[name], target)
        except InputError as error:
            raise InputError(f"{_quenching_key(name)}: {error}") from error


def read_detector_table(table: Table) -> DetectorCard | None:
    """Read the table ``[detector]``; None if the card has none.

    Mistakes are noted in the document of the table; keys that are not read here are left to the caller.
    """
    if not table.present:
        return None
    light_yield = table.read("light_yield", POSITIVE, None)
    return DetectorCard(
        quenching=MappingProxyType(_read_quenching(table)),
        resolution=_read_resolution(table.table("resolution")),
        efficiency=_read_efficiency(table, light_yield),
        threshold_keVee=table.read("threshold_keVee", NOT_NEGATIVE, 0.0),
        threshold_keVnr=table.read("threshold_keVnr", NOT_NEGATIVE, 0.0),
        light_yield=light_yield,
        time_efficiency=_read_time_efficiency(table.table("time_efficiency")),
        quenched_min_keVee=table.read("quenched_min_keVee", NOT_NEGATIVE, 0.0),
    )


def _read_quenching(detector: Table) -> dict[str, Choice]:
    """Read ``quenching``: a name, a table with a kind, or a table of these by element or nuclide."""
    given = detector.data.get("quenching")
    if not isinstance(given, dict):
        return {"": Choice(detector.read("quenching", _name_or_table(NAMED_QUENCHINGS), "none"))}
    table = detector.table("quenching")
    targets = {name: target for name in given if (target := _target(name)) is not None}
    if "kind" in given or not targets:
        choices = {"": _read_choice(table, _QUENCHING_KEYS)}
    else:
        choices = {}
        for name in targets:
            if isinstance(given[name], dict):
                choices[name] = _read_choice(table.table(name), _QUENCHING_KEYS)
            else:
                choices[name] = Choice(table.read(name, _name_or_table(NAMED_QUENCHINGS), "none"))
    for name, choice in choices.items():
        _check_quenching(table, name, choice, targets.get(name))
    return choices


def _target(name: str) -> Nuclide | None:
    """Return the nuclide called `name`, or an isotope of the element; None if it is neither."""
    try:
        if name in element_symbols():
            return natural_isotopes(name)[0][0]
        return nuclide(name) if split_name(name) else None
    except InputError:
        return None


def _check_quenching(table: Table, name: str, choice: Choice, target: Nuclide | None) -> None:
    """Note values that are valid individually but not together; files are checked when they are used."""
    if not choice.kind or choice.kind == "table" or (target is None and choice.kind in NAMED_QUENCHINGS):
        return
    try:
        _quenching(choice, target or nuclide("Ar40"))
    except InputError as error:
        table.document.refuse((*table.key, name) if name else table.key, str(error))


def _read_choice(table: Table, kinds: Mapping[str, Keys]) -> Choice:
    """Read a table with a ``kind`` and the keys of that kind; an empty kind if there is a mistake."""
    before = table.document.flaws
    kind = table.need("kind", one_of(kinds), "")
    if kind not in kinds:  # then the other keys cannot be checked
        table.accept_the_rest()
        return Choice("")
    options = _read_keys(table, kind, kinds[kind])
    return Choice(kind, MappingProxyType(options)) if table.document.flaws == before else Choice("")


def _read_keys(table: Table, kind: str, keys: Keys) -> dict[str, Any]:
    """Return the values of the keys that the table has."""
    for name in (*keys.needed, *keys.lists):
        table.require(name, f": {table.key[-1]}.kind = '{kind}' needs it")
    options = {name: table.read(name, check, None) for name, check in (*keys.needed.items(), *keys.optional.items())}
    options |= {name: table.read_list(name, FINITE, _LIST) for name in keys.lists}
    return {name: value for name, value in options.items() if name in table.data}


def _read_resolution(table: Table) -> Resolution | None:
    """Read ``[detector.resolution]``; Gaussian by default."""
    if not table.present:
        return None
    before = table.document.flaws
    kind = table.read("kind", one_of(_RESOLUTIONS), "gaussian")
    make, keys = _RESOLUTIONS[kind]
    options = _read_keys(table, kind, keys)
    misspelt = set(table.data).difference(("kind", *keys.needed, *keys.optional))
    if misspelt or table.document.flaws > before:
        return None
    return table.made(lambda: make(**options))


def _read_time_efficiency(table: Table) -> TimeEfficiency | None:
    """Read ``[detector.time_efficiency]``."""
    if not table.present:
        return None
    choice = _read_choice(table, _TIME_EFFICIENCY_KEYS)
    if not choice.kind or set(table.data).difference(("kind", *choice.options)):
        return None
    return table.made(lambda: TimeEfficiency(**choice.options))


def _read_efficiency(detector: Table, light_yield: float | None) -> Choice | None:
    """Read ``efficiency``: a number, or a table with a kind."""
    given = detector.data.get("efficiency")
    if not isinstance(given, dict):
        value = detector.read("efficiency", _FACTOR, None)
        return None if value is None else Choice("constant", MappingProxyType({"value": value}))
    table = detector.table("efficiency")
    choice = _read_choice(table, _EFFICIENCY_KEYS)
    if choice.options.get("unit") == "PE" and "light_yield" not in detector.data:
        table.complain("unit", "photoelectrons require 'detector.light_yield', in photoelectrons per keVee")
    elif choice.kind == "sigmoid":
        table.made(lambda: _efficiency(choice, light_yield, Path()))
    return choice if choice.kind else None


def _name_or_table(names: Sequence[str]) -> Convert[str]:
    """Return the check of a name for a key that may also be a table."""

    def convert(value: object) -> str:
        if not isinstance(value, str):
            raise InputError(f"must be one of {', '.join(names)}, or a table with a kind, not {show(value)}")
        return one_of(names)(value)

    return convert


def _quenching(choice: Choice, target: Nuclide) -> Quenching:
    """Return the quenching of a nuclide that needs no file."""
    options = dict(choice.options)
    match choice.kind:
        case "lindhard":
            return Lindhard.of(target, **options)
        case "constant":
            return Constant(options["factor"])
        case "linear":
            return linear_factor(**options)
        case "polynomial":
            return Polynomial(**options)
        case _:
            return quenching(choice.kind, target)


def _quenching_table(choice: Choice, base_dir: Path, key: str) -> Quenching:
    """Read a table of recoil energies and quenching factors, or electron-equivalent energies."""
    path, recoil, values = _two_columns(choice, base_dir, key)
    try:
        return TableQuenching(recoil, values, choice.options.get("column", "factor"))
    except InputError as error:
        raise FileError(f"{path}: {error}") from error


def _efficiency(choice: Choice | None, light_yield: float | None, base_dir: Path) -> Efficiency:
    """Return the efficiency as a function of energy in its own unit, or of photoelectrons by the light yield."""
    if choice is None:
        return ConstantEfficiency()
    options = dict(choice.options)
    per_keV = (light_yield or 1.0) if options.pop("unit", "keVee") == "PE" else 1.0
    match choice.kind:
        case "constant":
            return ConstantEfficiency(options["value"])
        case "sigmoid":
            return SigmoidEfficiency(**options, per_keV=per_keV)
        case "coherent-lar":
            return coherent_lar()
        case _:
            path, x, values = _two_columns(choice, base_dir, "detector.efficiency")
            try:
                return TableEfficiency(x, values, per_keV)
            except InputError as error:
                raise FileError(f"{path}: {error}") from error


def _two_columns(choice: Choice, base_dir: Path, key: str) -> tuple[Path, FloatArray, FloatArray]:
    """Return path and columns of the file of a kind ``table``."""
    path = base_dir / Path(choice.options["path"]).expanduser()
    if not _exists(path):
        raise FileError(f"{path}: no such file, for {key}.path; check the path")
    rows = read_text_table(path).rows
    if rows.shape[1] != 2:
        raise FileError(f"{path}: {rows.shape[1]} columns, but {key} requires a table with two")
    return path, rows[:, 0], rows[:, 1]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long: reading reports it
        return True


def _quenching_key(name: str) -> str:
    return f"detector.quenching.{name}" if name else "detector.quenching"
