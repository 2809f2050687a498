"""Derivatives of dsigma/dT by the numbers of a model, in closed form.

dsigma/dT is a quadratic form Q of the couplings C(T), so that its derivative by a number p is
2 Q(C, dC/dp) = [Q(C + h dC/dp) - Q(C - h dC/dp)]/2h exactly, for every h. The couplings are linear in most numbers:
dC/dp is then their difference for two values. Exceptions are masses of bosons, where C = g^2/(2MT + m^2), and radii.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tridentgen.errors import InputError
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import FLAVOURS, neutrino
from tridentgen.physics.cevns_factors import Contact
from tridentgen.physics.elementary import Value
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.labels import ELASTIC
from tridentgen.processes.cevns.parameters import model_with, value_of
from tridentgen.processes.cevns.spectrum import Couplings, Density, Elastic, recoil_spectra
from tridentgen.processes.cevns.upscattering import OnNucleus

_GROUPS = (("vector", "axial"), ("scalar", "pseudoscalar", "tensor"))
"""Couplings that interfere with each other, but not with those of the other group."""


def derivative(reaction: Cevns, key: str, nuclide: Nuclide, neutrino_name: str, final_state: str = ELASTIC) -> Density:
    """Return d(dsigma/dT)/dp in GeV^-3 per unit of the key, as a function of energy and recoil within the limits.

    `key` is that of a card, such as ``model.sin2_theta_w``, ``process.neutron_radius_fm``, ``model.vector.strength`` or
    ``model.nsi.eps_u.ee``.

    Raises
    ------
    InputError
        For an unknown key, one that is not a number, and ``model.dipole.mass_GeV``, which changes the limits of T.
    """
    value = value_of(reaction, key)
    if key == "model.dipole.mass_GeV":
        raise InputError(f"{key} has no derivative in closed form: the energies that can make a recoil change with it")
    for spectrum in recoil_spectra(nuclide, neutrino_name, reaction.model, reaction.shape):
        if spectrum.name == final_state:
            if isinstance(spectrum.density, OnNucleus):
                return _of_upscattering(spectrum.density, reaction, key, nuclide)
            assert isinstance(spectrum.density, Elastic)
            return _OfElastic(spectrum.density, reaction, key, value, nuclide, neutrino_name)
    raise InputError(f"this process has no final state '{final_state}'")


class _OfElastic:
    """d(dsigma/dT)/dp of elastic scattering."""

    def __init__(
        self, elastic: Elastic, reaction: Cevns, key: str, value: float | None, nuclide: Nuclide, neutrino_name: str
    ) -> None:
        self._elastic, self._reaction, self._key, self._value = elastic, reaction, key, value
        self._nuclide, self._neutrino = nuclide, neutrino_name

    def __call__(self, energy: Value, recoil: Value) -> Value:
        """Return the derivative."""
        nucleons = self._elastic.nucleons(recoil)
        couplings = self._elastic.couplings(recoil, nucleons)
        total = 0.0 * (energy + recoil)
        for part, change in _parts(couplings, self._changes(recoil, nucleons, couplings)):
            step = _size(part) / np.maximum(_size(change), 1e-300)
            step = np.where((step > 0.0) & (step < 1e300), step, 1.0)
            up, down = (
                self._elastic.with_couplings(energy, recoil, _moved(part, change, way * step)) for way in (1.0, -1.0)
            )
            total = total + (up - down) / (2.0 * step)
        return total

    def _changes(self, recoil: Value, nucleons: tuple[Value, Value], couplings: Couplings) -> Couplings:
        """Return dC/dp; the magnetic amplitude moment times charge is in `charge`."""
        names = self._key.split(".")
        if names[0] == "process":
            slopes = _slopes(self._reaction, names, self._nuclide, recoil)
            change = self._elastic.couplings(recoil, slopes)
            return change._replace(charge=change.moment * change.charge)
        if names[-1] == "mass_GeV":
            mass = getattr(self._reaction.model, names[1]).mass_GeV
            without = self._with(f"model.{names[1]}.strength", 0.0).couplings(recoil, nucleons)
            scale = -2.0 * mass / (2.0 * self._nuclide.mass_GeV * recoil + mass * mass)
            return _difference(couplings, without, scale)
        if names[1] == "dipole":
            return _difference(couplings, couplings, 0.0)
        assert self._value is not None
        if names[-1] == "coupling":  # g of g^2
            other = self._with("model.vector.strength", self._value * self._value + 1.0)
            return _difference(other.couplings(recoil, nucleons), couplings, 2.0 * self._value)
        step = self._step(names[-1])
        other = self._with(self._key, self._value + step)
        change = _difference(other.couplings(recoil, nucleons), couplings, 1.0 / step)
        return change._replace(transitions=self._transitions(nucleons, step))

    def _step(self, name: str) -> float:
        """Return a step of a number in which couplings are linear: a large one, since nothing cancels then."""
        assert self._value is not None
        if name == "sin2_theta_w":
            return 0.25 if self._value < 0.5 else -0.25
        return 1.0 + abs(self._value)

    def _with(self, key: str, value: float) -> Elastic:
        model = model_with(self._reaction.model, key, value)
        found = recoil_spectra(self._nuclide, self._neutrino, model, self._reaction.shape)[0].density
        assert isinstance(found, Elastic)
        return found

    def _transitions(self, nucleons: tuple[Value, Value], step: float) -> tuple[Value, ...]:
        """Return the derivatives of the couplings to other flavours, for those that are not zero themselves."""
        nsi, flavour = self._reaction.model.nsi, neutrino(self._neutrino).flavour
        assert self._value is not None
        other = model_with(self._reaction.model, self._key, self._value + step).nsi
        if nsi is None or other is None:
            return ()
        protons, neutrons = nucleons
        found = []
        for outgoing in FLAVOURS:
            here, there = nsi.nucleons(flavour, outgoing), other.nucleons(flavour, outgoing)
            if outgoing != flavour and any(here):
                found.append(2.0 * ((there[0] - here[0]) * protons + (there[1] - here[1]) * neutrons) / step)
        return tuple(found)


def _slopes(reaction: Cevns, names: list[str], nuclide: Nuclide, recoil: Value) -> tuple[Value, Value]:
    """Return the derivatives of Z F_p and N F_n by a radius or a skin."""
    none = 0.0 * recoil
    shape = reaction.shape
    if shape.name == "unit" or nuclide.is_hydrogen or (len(names) > 2 and not _means(reaction, names, nuclide)):
        return none, none
    q2 = 2.0 * nuclide.mass_GeV * recoil
    proton_fm, neutron_fm = shape.rms_radii_fm(nuclide)
    of_protons = names[1] == "proton_radius_fm"
    protons = nuclide.Z * shape.slope(nuclide, proton_fm)(q2) if of_protons else none
    moves_neutrons = not of_protons or shape.neutron_skin_fm is not None
    return protons, nuclide.N * shape.slope(nuclide, neutron_fm)(q2) if moves_neutrons else none


def _means(reaction: Cevns, names: list[str], nuclide: Nuclide) -> bool:
    """Return whether a radius by name is that of the nuclide."""
    given = dict(getattr(reaction, names[1]))
    return names[2] == (nuclide.name if nuclide.name in given else nuclide.symbol)


def _of_upscattering(density: OnNucleus, reaction: Cevns, key: str, nuclide: Nuclide) -> Density:
    """Return d(dsigma/dT)/dp of upscattering, which is (mu Z F_p)^2 times a factor."""
    names = key.split(".")
    mu = 0.0 if reaction.model.dipole is None else reaction.model.dipole.mu_muB

    def by_charge(energy: Value, recoil: Value) -> Value:
        slope, _ = _slopes(reaction, names, nuclide, recoil)
        charge = nuclide.Z * density.protons(2.0 * nuclide.mass_GeV * recoil)
        plus, minus = (
            replace(density, protons=_Fixed((charge + way * slope) / nuclide.Z))(energy, recoil) for way in (1.0, -1.0)
        )
        return 0.5 * (plus - minus)

    if key == "model.dipole.mu_muB":
        return lambda energy, recoil: 2.0 / mu * density(energy, recoil)
    return by_charge if names[0] == "process" else lambda energy, recoil: 0.0 * (energy + recoil)


@dataclass(frozen=True, eq=False)
class _Fixed:
    """Values of a form factor at the recoils in question."""

    values: Value

    def __call__(self, q2: Value) -> Value:  # noqa: ARG002
        """Return the values."""
        return self.values


def _parts(couplings: Couplings, changes: Couplings) -> Iterator[tuple[Couplings, Couplings]]:
    """Return the couplings and their changes in parts that do not interfere, each with nothing else."""
    zero = Contact(vector=0.0 * couplings.charge)
    nothing = Couplings(zero, (), 0.0, 0.0, 0.0)
    for names in _GROUPS:
        part, change = (Contact(**{n: getattr(c.contact, n) for n in names}) for c in (couplings, changes))
        if any(value is not None for value in change):
            part = part if part.vector is not None else part._replace(vector=zero.vector)
            yield nothing._replace(contact=part), nothing._replace(contact=change)
    if changes.transitions:
        for one, by in zip(couplings.transitions, changes.transitions, strict=True):
            yield nothing._replace(transitions=(one,)), nothing._replace(transitions=(by,))
    if type(couplings.spin) is not float:  # 0.0 of a nuclide or a model without axial part
        yield nothing._replace(spin=couplings.spin), nothing._replace(spin=changes.spin)
    if couplings.moment:
        amplitude = couplings.moment * couplings.charge
        yield nothing._replace(charge=amplitude, moment=1.0), nothing._replace(charge=changes.charge, moment=1.0)


def _values(couplings: Couplings) -> list[Value]:
    return [*couplings.contact, *couplings.transitions, couplings.spin, couplings.charge]


def _size(couplings: Couplings) -> Value:
    """Return the largest coupling at each recoil."""
    size: Value = 0.0
    for value in _values(couplings):
        if value is not None:
            size = np.maximum(size, np.abs(value))
    return size


def _moved(part: Couplings, change: Couplings, step: Value) -> Couplings:
    return Couplings(
        Contact(*(_sum(a, b, step) for a, b in zip(part.contact, change.contact, strict=True))),
        tuple(a + step * b for a, b in zip(part.transitions, change.transitions, strict=False)),
        part.spin + step * change.spin,
        part.charge + step * change.charge,
        part.moment,
    )


def _difference(one: Couplings, two: Couplings, scale: Value) -> Couplings:
    """Return (one - two) times `scale`; of the transitions nothing."""
    pairs = zip(one.contact, two.contact, strict=True)
    contact = Contact(*(_sum(_times(a, scale), _times(b, scale), -1.0) for a, b in pairs))
    charge = (one.moment * one.charge - two.moment * two.charge) * scale
    return Couplings(contact, (), (one.spin - two.spin) * scale, charge, 1.0)


def _times(value: Value, scale: Value) -> Value:
    return None if value is None else value * scale


def _sum(a: Value, b: Value, step: Value) -> Value:
    """Return a + step b, where None is nothing."""
    if b is None:
        return a
    return step * b if a is None else a + step * b
