"""The [process] and [model] tables of a run card for CEvNS."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.matter.particles import FLAVOURS, neutrino
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import COUPLINGS, SPINS, CevnsModel
from tridentgen.processes.cevns.nucleus import FORM_FACTORS
from tridentgen.processes.cevns.terms import (
    PSEUDOSCALAR_VERTICES,
    VECTOR_CHARGES,
    ContactNgi,
    DipolePortal,
    FlavourMatrix,
    LightScalar,
    LightTensor,
    LightVector,
    Nsi,
    PerFlavour,
    VectorCharges,
)
from tridentgen.processes.couplings import coupling_or_strength
from tridentgen.toml.positions import Key
from tridentgen.toml.tables import (
    FINITE,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    Document,
    Table,
    boolean,
    key_in_front,
    named,
    one_of,
)

T = TypeVar("T")


@dataclass(frozen=True)
class CevnsCard:
    """The table ``[process]`` with ``kind = "cevns"``. Without `neutrino` all neutrinos of the source scatter."""

    target: str
    neutrino: str | None = None
    form_factor: str = "helm"
    proton_radius_fm: float | None = None
    neutron_radius_fm: float | None = None
    recoil_min_keV: float = 0.0
    kind: str = "cevns"

    def reaction(self, model: CevnsModel) -> Cevns:
        """Return the process with the couplings of [model]."""
        return cevns_process(self, model)


def cevns_process(process: CevnsCard, model: CevnsModel) -> Cevns:
    """Return the process that the two tables define."""
    fields = {field.name: getattr(process, field.name) for field in dataclasses.fields(process) if field.name != "kind"}
    return Cevns(**fields, model=model)


def read_cevns(process: Table, model: Table) -> tuple[CevnsCard, CevnsModel]:
    """Read [process] and [model]; mistakes are noted in their document."""
    document = process.document
    before = document.flaws
    card, couplings = _process_table(process), read_cevns_model(model)
    if process.present and document.flaws == before:
        check_cevns(document, card, couplings)
    return card, couplings


def _process_table(table: Table) -> CevnsCard:
    return CevnsCard(
        target=table.need("target", named(material), ""),
        neutrino=table.read("neutrino", named(neutrino), None),
        form_factor=table.read("form_factor", one_of(FORM_FACTORS), CevnsCard.form_factor),
        proton_radius_fm=table.read("proton_radius_fm", POSITIVE, None),
        neutron_radius_fm=table.read("neutron_radius_fm", POSITIVE, None),
        recoil_min_keV=table.read("recoil_min_keV", NOT_NEGATIVE, CevnsCard.recoil_min_keV),
    )


def read_cevns_model(table: Table) -> CevnsModel:
    """Read the table ``[model]``; mistakes are noted in its document, and the Standard Model is returned then."""
    default = CevnsModel()
    given: dict[str, Any] = {
        "sin2_theta_w": table.read("sin2_theta_w", FRACTION, default.sin2_theta_w),
        "couplings": table.read("couplings", one_of(COUPLINGS), default.couplings),
        "spin": table.read("spin", one_of(SPINS), default.spin),
        "axial": table.read("axial", boolean, default.axial),
        "magnetic_moment": _number_or_flavours(table, "magnetic_moment"),
        "charge_radius": _charge_radius(table),
        "nsi": _part(table, "nsi", lambda t: Nsi(_matrix(t, "eps_u"), _matrix(t, "eps_d"))),
        "vector": _part(table, "vector", _vector),
    }
    kinds: tuple[tuple[str, type], ...] = (
        ("ngi", ContactNgi),
        ("scalar", LightScalar),
        ("tensor", LightTensor),
        ("dipole", DipolePortal),
    )
    for name, kind in kinds:
        given[name] = _part(table, name, lambda t, kind=kind: _fields(t, kind))  # type: ignore[misc]
    return _made(table, lambda: CevnsModel(**given)) or default


def check_cevns(document: Document, process: CevnsCard, model: CevnsModel) -> None:
    """Note values that are valid separately but not together."""
    try:
        cevns_process(process, model)
    except InputError as error:
        message = str(error)
        names = {field.name for field in dataclasses.fields(CevnsModel)}
        first = message.split(" ", 1)[0].split(".", 1)[0].rstrip(":")
        key: Key = ("model", first) if first in names else ("process", first)
        document.refuse(key if first in names or hasattr(process, first) else ("process",), message)


def _part(table: Table, name: str, read: Callable[[Table], T | None]) -> T | None:
    """Read an optional table within ``[model]``."""
    part = table.table(name)
    return read(part) if part.present else None


def _made(table: Table, make: Callable[[], T]) -> T | None:
    """Return the result of `make`; if it raises `InputError`, note the message and return None."""
    try:
        return make()
    except InputError as error:
        message, model = str(error), table.document.data["model"]
        named = ("model", *key_in_front(message))
        assert isinstance(model, dict)
        if named[1:] and named[1] in model:
            table.document.complain(named, f"model.{message}")
        else:
            table.document.refuse(table.key, message)
        return None


def _fields(table: Table, kind: type[T]) -> T | None:
    """Return a dataclass of numbers and names whose fields are the keys of a table."""
    before = table.document.flaws
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        convert: Any = one_of(PSEUDOSCALAR_VERTICES) if field.name == "pseudoscalar_vertex" else FINITE
        if field.default is dataclasses.MISSING:
            values[field.name] = table.need(field.name, convert, None)
        else:
            values[field.name] = table.read(field.name, convert, field.default)
    return _made(table, lambda: kind(**values)) if table.document.flaws == before else None


def _matrix(table: Table, name: str) -> FlavourMatrix:
    return _fields(table.table(name), FlavourMatrix) or FlavourMatrix()


def _number_or_flavours(table: Table, name: str) -> float | PerFlavour:
    """Read a number for all flavours, or a table ``{e = ..., mu = ..., tau = ...}``."""
    if isinstance(table.data.get(name), dict):
        return _fields(table.table(name), PerFlavour) or PerFlavour()
    return table.read(name, FINITE, 0.0)


def _charge_radius(table: Table) -> PerFlavour | str | None:
    if isinstance(table.data.get("charge_radius"), dict):
        return _fields(table.table("charge_radius"), PerFlavour)
    return table.read("charge_radius", one_of(("standard-model",)), None)


def _vector(table: Table) -> LightVector | None:
    """Read ``[model.vector]``: charges by name, or ``charges = {u, d, e, mu, tau}``."""
    before = table.document.flaws
    mass, coupling = table.need("mass_GeV", POSITIVE, 1.0), coupling_or_strength(table)
    charges: str | VectorCharges
    if isinstance(table.data.get("charges"), dict):
        part = table.table("charges")
        u, d = part.need("u", FINITE, 0.0), part.need("d", FINITE, 0.0)
        charges = VectorCharges(u, d, PerFlavour(**{name: part.read(name, FINITE, 0.0) for name in FLAVOURS}))
    else:
        charges = table.read("charges", one_of(VECTOR_CHARGES), "universal")
    if table.document.flaws != before:
        return None
    return _made(table, lambda: LightVector(mass, **coupling, charges=charges))
