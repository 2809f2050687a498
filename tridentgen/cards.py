"""Run cards: TOML text, checked into frozen dataclasses; every mistake is reported at once with its line.

The keys are the fields of the dataclasses below. A value is checked here as far as the card alone can tell;
forbidden flavour sets and energies below threshold are the process's to refuse, flux files the flux's.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.from_card import FLUX_KEYS
from tridentgen.nuclei import nuclide
from tridentgen.particles import ChargedLepton, charged_lepton, neutrino
from tridentgen.resources import builtin_cards, cards_dir
from tridentgen.toml_positions import dump
from tridentgen.toml_tables import Convert, Document, Table, boolean, integer, number, one_of, show, string

PROCESS_KINDS = ("trident", "trident-epa", "cevns")
AVAILABLE_PROCESS_KINDS = ("trident",)
REGIMES = ("coherent", "diffractive", "proton", "neutron", "total")
FORM_FACTORS = ("fermi", "woods-saxon", "helm", "klein-nystrand", "fourier-bessel", "unit")
NUCLEON_FORM_FACTORS = ("dipole", "kelly")
ENGINES = ("auto", "numpy", "native", "cuda")

_PARTS_OF_REGIME = {
    "total": ("coherent", "diffractive", "proton", "neutron"),
    "diffractive": ("proton", "neutron"),
}
_MOST_EVENTS = 10**12
_LARGEST_CARD = 1 << 20
_TYPE_WORDS = {int: "a whole number", float: "a number", str: "a string in quotes"}

_FINITE = number("a finite number", lambda _: True)
_POSITIVE = number("a positive number", lambda x: x > 0.0)
_NOT_NEGATIVE = number("a number that is not negative", lambda x: x >= 0.0)
_FRACTION = number("a number between 0 and 1", lambda x: 0.0 < x < 1.0)
_COUNT = integer(1, _MOST_EVENTS)


class CardError(InputError):
    """A card with mistakes: `messages` holds one line for each, and the text of the error is all of them."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages

    def __str__(self) -> str:
        return "\n".join(self.messages)


@dataclass(frozen=True)
class ProcessCard:
    """What happens: ``[process]``. `leptons` is always (minus, plus); masses and momenta in GeV."""

    kind: str
    neutrino: str
    leptons: tuple[str, str]
    target: str
    regimes: tuple[str, ...]
    form_factor: str = "fermi"
    pauli_blocking: bool = True
    fermi_momentum_GeV: float | None = None
    nucleon_form_factor: str = "dipole"


@dataclass(frozen=True)
class ZPrimeCard:
    """A vector boson coupled to neutrinos and charged leptons: ``[model.zprime]``."""

    mass_GeV: float
    coupling: float
    neutrino_charge: float
    lepton_charge: float


@dataclass(frozen=True)
class ModelCard:
    """Couplings: ``[model]``. `vector_coupling` and `axial_coupling`, given together, replace V and A."""

    sin2_theta_w: float | None = None
    vector_coupling: float | None = None
    axial_coupling: float | None = None
    zprime: ZPrimeCard | None = None


@dataclass(frozen=True)
class FluxCard:
    """Where the neutrinos come from: ``[flux]``. `options` are the keys of this `kind`, read-only."""

    kind: str
    options: Mapping[str, object]


@dataclass(frozen=True)
class ExposureCard:
    """How much is measured: ``[exposure]``, target mass in tonnes, protons on target, years of running.

    `pot` is the number of protons in the whole exposure; of muon decays where the flux is per decay.
    """

    mass_t: float | None = None
    pot: float | None = None
    years: float | None = None


@dataclass(frozen=True)
class SamplingCard:
    """How it is computed: ``[sampling]``. `rel_error` is the aim of a cross section."""

    events: int = 100_000
    seed: int = 1
    engine: str = "auto"
    rel_error: float = 1e-3
    threads: int | None = None
    training_points: int | None = None


@dataclass(frozen=True)
class CutsCard:
    """Cuts on observables: ``[cuts]``. Column to (min, max) in GeV and radians, infinite where open."""

    limits: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class OutputCard:
    """Where the events go: ``[output]``."""

    path: str | None = None


@dataclass(frozen=True)
class Card:
    """A checked run card. `text` is its TOML with the overrides applied, `path` the file it came from."""

    title: str
    process: ProcessCard
    model: ModelCard
    flux: FluxCard
    exposure: ExposureCard | None
    sampling: SamplingCard
    cuts: CutsCard
    output: OutputCard
    path: Path | None
    text: str

    @property
    def base_dir(self) -> Path:
        """Folder where relative paths of the card start: its own, or the working directory if built in."""
        if self.path is None or self.path.resolve().parent == cards_dir():
            return Path.cwd()
        return self.path.parent


@dataclass(frozen=True)
class Observable:
    """What a cut may limit: its column, the unit on cards and that unit in GeV or radians."""

    column: str
    unit: str
    factor: float


OBSERVABLES = (
    Observable("m2_ll", "GeV2", 1.0),
    Observable("q2", "GeV2", 1.0),
    Observable("w2", "GeV2", 1.0),
    Observable("delta_theta", "deg", math.pi / 180.0),
    Observable("theta_minus", "deg", math.pi / 180.0),
    Observable("theta_plus", "deg", math.pi / 180.0),
    Observable("energy_minus", "GeV", 1.0),
    Observable("energy_plus", "GeV", 1.0),
    Observable("recoil_energy", "GeV", 1.0),
)


def read_card(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Card:
    """Read a card from a file, or a built-in one by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A path, or the name of a built-in card such as ``"quickstart"``.
    overrides : sequence of str
        ``KEY=VALUE`` each, such as ``process.target=C12``; later ones win.

    Raises
    ------
    CardError
        With one line for every mistake in the card or the overrides.
    FileError
        Where the file cannot be read, is too large or is not text.
    InputError
        Where there is neither a built-in card nor a file of that name.
    """
    path = builtin_cards().get(str(path_or_name), Path(path_or_name))
    card = parse_card(_read_text(path), path=str(path), overrides=overrides)
    return dataclasses.replace(card, path=path)


def parse_card(text: str, *, path: str = "<card>", overrides: Sequence[str] = ()) -> Card:
    """Check the TOML `text` of a card; `path` is what messages call it.

    Raises
    ------
    CardError
        With one line for every mistake in the card or the overrides.
    """
    document = Document(text, path, overrides)
    if not document.parsed:
        raise CardError(*document.messages)
    _fit_flux_overrides(document)
    card = _card(document)
    if document.messages:
        raise CardError(*document.messages)
    return dataclasses.replace(card, text=dump(document.data) if overrides else text)


def _read_text(path: Path) -> str:
    """Return the text of `path`, read no further than a card may be long."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_CARD + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        known = builtin_cards()
        if isinstance(error, FileNotFoundError) and path.name == str(path) and not path.suffix:
            raise InputError(
                f"no built-in card or file is called '{path}'{nearest(str(path), known)}; "
                f"built-in cards are {', '.join(known)}"
            ) from error
        reason = getattr(error, "strerror", None) or str(error)
        hint = f"; the built-in card is called '{path.stem}'" if path.stem in known else ""
        raise FileError(f"cannot read the card '{path}': {reason}{hint}") from error
    if len(data) > _LARGEST_CARD:
        raise FileError(f"'{path}' is larger than 1 MiB: not a card")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise FileError(f"'{path}' is not a UTF-8 text file: not a card")
    return text


def _fit_flux_overrides(document: Document) -> None:
    """Make the [flux] table fit its overrides.

    A new kind drops the card's keys that belong to other kinds only. A relative path on the command line
    starts in the working directory, as everywhere in a shell, and not in the card's folder.
    """
    flux = document.data.get("flux")
    if not isinstance(flux, dict):
        return
    kind, path = flux.get("kind"), flux.get("path")
    if document.overridden(("flux", "kind")) and isinstance(kind, str) and kind in FLUX_KEYS:
        others = {name for keys in FLUX_KEYS.values() for name in keys}.difference(FLUX_KEYS[kind])
        for name in others.intersection(flux):
            if not document.overridden(("flux", name)):
                del flux[name]
    if document.overridden(("flux", "path")) and isinstance(path, str) and path.strip() and path[0] != "~":
        flux["path"] = str(Path(path).absolute())


def _card(document: Document) -> Card:
    """Read all tables; what is wrong is noted in `document` and a stand-in returned for it."""
    root = Table(document, (), document.data)
    exposure = root.table("exposure")
    card = Card(
        title=root.read("title", string, ""),
        process=_process(root.table("process", required=True)),
        model=_model(root.table("model")),
        flux=_flux(root.table("flux", required=True)),
        exposure=_exposure(exposure) if exposure.present else None,
        sampling=_sampling(root.table("sampling")),
        cuts=_cuts(root.table("cuts")),
        output=_output(root.table("output")),
        path=None,
        text="",
    )
    root.finish()
    return card


def _process(table: Table) -> ProcessCard:
    kind = table.need("kind", _process_kind, "")
    if not kind and table.data.get("kind") in PROCESS_KINDS:  # a later version's: its other keys are not ours
        table.accept_the_rest()
        return ProcessCard("", "", ("", ""), "", ())
    return ProcessCard(
        kind=kind,
        neutrino=table.need("neutrino", _neutrino_name, ""),
        leptons=_lepton_pair(table),
        target=table.need("target", _target_name, ""),
        regimes=_regimes(table),
        form_factor=table.read("form_factor", one_of(FORM_FACTORS), ProcessCard.form_factor),
        pauli_blocking=table.read("pauli_blocking", boolean, ProcessCard.pauli_blocking),
        fermi_momentum_GeV=table.read("fermi_momentum_GeV", _POSITIVE, None),
        nucleon_form_factor=table.read(
            "nucleon_form_factor", one_of(NUCLEON_FORM_FACTORS), ProcessCard.nucleon_form_factor
        ),
    )


def _process_kind(value: object) -> str:
    kind = one_of(PROCESS_KINDS)(value)
    if kind not in AVAILABLE_PROCESS_KINDS:
        available = ", ".join(f"'{name}'" for name in AVAILABLE_PROCESS_KINDS)
        raise InputError(f"'{kind}' is not available yet in this version; available is {available}")
    return kind


def _neutrino_name(value: object) -> str:
    return neutrino(string(value)).name


def _lepton(value: object) -> ChargedLepton:
    return charged_lepton(string(value))


def _target_name(value: object) -> str:
    return nuclide(string(value)).name


def _lepton_pair(table: Table) -> tuple[str, str]:
    """Read the two charged leptons in either order; return (minus, plus)."""
    leptons = sorted(table.need_list("leptons", _lepton, '["mu-", "mu+"]'), key=lambda lepton: lepton.charge)
    if [lepton.charge for lepton in leptons] == [-1, 1]:
        return leptons[0].name, leptons[1].name
    if leptons:
        names = ", ".join(lepton.name for lepton in leptons)
        table.complain("leptons", f'must be one negative and one positive lepton like ["mu-", "mu+"], not {names}')
    return "", ""


def _regimes(table: Table) -> tuple[str, ...]:
    """Read the regimes; none may be named twice or be a part of another one."""
    regimes = table.need_list("regimes", one_of(REGIMES), '["coherent", "diffractive"]')
    for name in dict.fromkeys(regimes):
        if regimes.count(name) > 1:
            table.complain("regimes", f"'{name}' is named twice")
        for part in _PARTS_OF_REGIME.get(name, ()):
            if part in regimes:
                table.complain("regimes", f"'{name}' contains '{part}': name only one of them")
    return regimes


def _model(table: Table) -> ModelCard:
    zprime = table.table("zprime")
    for name, other in (("vector_coupling", "axial_coupling"), ("axial_coupling", "vector_coupling")):
        if name in table.data and other not in table.data:
            table.complain(name, f"needs 'model.{other}' beside it: the two replace V and A together")
    return ModelCard(
        sin2_theta_w=table.read("sin2_theta_w", _FRACTION, None),
        vector_coupling=table.read("vector_coupling", _FINITE, None),
        axial_coupling=table.read("axial_coupling", _FINITE, None),
        zprime=_zprime(zprime) if zprime.present else None,
    )


def _zprime(table: Table) -> ZPrimeCard:
    return ZPrimeCard(
        mass_GeV=table.need("mass_GeV", _POSITIVE, 1.0),
        coupling=table.need("coupling", _NOT_NEGATIVE, 0.0),
        neutrino_charge=table.need("neutrino_charge", _FINITE, 0.0),
        lepton_charge=table.need("lepton_charge", _FINITE, 0.0),
    )


def _flux(table: Table) -> FluxCard:
    kind = table.need("kind", one_of(FLUX_KEYS), "")
    if kind not in FLUX_KEYS:  # then nothing can be said about the other keys
        table.accept_the_rest()
        return FluxCard("", MappingProxyType({}))
    options: dict[str, object] = {}
    for name, types in FLUX_KEYS[kind].items():
        if types is list:
            value: object = list(table.read_list(name, _FINITE, "[1.0, 2.5, 10.0]"))
        else:
            value = table.read(name, _flux_option(types), None)
        if name in table.data:
            options[name] = value
    return FluxCard(kind, MappingProxyType(options))


def _flux_option(types: type | tuple[type, ...]) -> Convert[object]:
    """Return the check of a flux key that takes values of `types`."""
    allowed = types if isinstance(types, tuple) else (types,)

    def convert(value: object) -> object:
        if isinstance(value, str) and str in allowed:
            return string(value)
        if isinstance(value, (int, float)) and float in allowed:
            return _FINITE(value)
        if isinstance(value, int) and int in allowed:
            return integer(0, 2**31 - 1)(value)
        named = [kind for kind in allowed if not (kind is int and float in allowed)]
        words = " or ".join(_TYPE_WORDS[kind] for kind in named)
        raise InputError(f"must be {words}, not {show(value)}")

    return convert


def _exposure(table: Table) -> ExposureCard:
    return ExposureCard(**{name: table.read(name, _POSITIVE, None) for name in ("mass_t", "pot", "years")})


def _sampling(table: Table) -> SamplingCard:
    default = SamplingCard()
    return SamplingCard(
        events=table.read("events", _COUNT, default.events),
        seed=table.read("seed", integer(0, 2**63 - 1), default.seed),
        engine=table.read("engine", one_of(ENGINES), default.engine),
        rel_error=table.read("rel_error", _FRACTION, default.rel_error),
        threads=table.read("threads", integer(1, 1024), default.threads),
        training_points=table.read("training_points", _COUNT, default.training_points),
    )


def _cuts(table: Table) -> CutsCard:
    limits: dict[str, tuple[float, float]] = {}
    for seen in OBSERVABLES:
        bounds = [f"{seen.column}_{side}_{seen.unit}" for side in ("min", "max")]
        low, high = (table.read(key, _NOT_NEGATIVE, None) for key in bounds)
        if low is not None and high is not None and low >= high:
            table.complain(bounds[1], f"must be greater than cuts.{bounds[0]} = {low:g}, not {high:g}")
        if low is not None or high is not None:
            limits[seen.column] = (
                -math.inf if low is None else low * seen.factor,
                math.inf if high is None else high * seen.factor,
            )
    return CutsCard(MappingProxyType(limits))


def _output(table: Table) -> OutputCard:
    return OutputCard(path=table.read("path", string, None))
