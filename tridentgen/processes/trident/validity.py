"""Where the calculation of tridents ends: what it leaves out, with its size at the energies of a beam.

The sizes are averages over the cross section itself, at points of an additive recurrence in the cubes of the sampling
channels (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018). With a flux, every energy thus
counts as much as it contributes. They are good to some 10 %, the share with a real W to 20 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tridentgen.constants import HBARC_GEV_FM, W_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.flux import Flux
from tridentgen.matter.nuclei import Nuclide
from tridentgen.matter.particles import ChargedLepton
from tridentgen.physics.trident_couplings import z_propagator
from tridentgen.processes.base import Caveat
from tridentgen.processes.trident.columns import COHERENT, REGIME_NAMES
from tridentgen.processes.trident.inelastic import inelastic_cross_section
from tridentgen.processes.trident.labels import INCOHERENT
from tridentgen.processes.trident.sampled import SampledTrident
from tridentgen.processes.trident.targets import charge_form_factor, nucleus, simple_regimes
from tridentgen.typing import FloatArray

_POINTS = 1 << 14
_PROPAGATORS_FROM = 0.01
"""Change of a cross section by the propagators of W and Z, and share of it with a real W, from which it is told."""
_INELASTIC_FROM = 0.05
_TAIL_FROM = 1.5
"""Ratio of the cross sections of two form factors."""
_PROPAGATORS_ABOVE_GEV = 30.0
"""Below, s = 2 q E of a photon with q < 1 GeV is less than 1 % of M_W^2."""
_INELASTIC_ABOVE_GEV = 2.0
_COMPARED = ("fermi", "helm", "klein-nystrand", "fourier-bessel")


class TridentProcess(Protocol):
    """What is asked of a `Trident`, whose attributes have these meanings."""

    @property
    def nuclide(self) -> Nuclide: ...  # noqa: D102
    @property
    def regimes(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def form_factor(self) -> str: ...  # noqa: D102
    @property
    def minus(self) -> ChargedLepton: ...  # noqa: D102
    @property
    def plus(self) -> ChargedLepton: ...  # noqa: D102
    @property
    def has_w_exchange(self) -> bool: ...  # noqa: D102
    @property
    def z_propagator(self) -> bool: ...  # noqa: D102
    def threshold_GeV(self) -> float: ...  # noqa: D102
    def sampled(self, beam: Flux) -> SampledTrident: ...  # noqa: D102


def caveats(trident: TridentProcess, standard: TridentProcess, flux: Flux) -> tuple[Caveat, ...]:
    """Return what matters of the propagators of W and Z, a real W, inelastic scattering and the form factor's tail.

    `standard` is the same process in the Standard Model and the full phase space.
    """
    high = flux.energy_max_GeV
    far, whole = high > _PROPAGATORS_ABOVE_GEV, high > _INELASTIC_ABOVE_GEV and _is_total(trident)
    sizes = _sizes(standard, flux) if far or whole else {}
    found: list[Caveat] = []
    if far and not trident.z_propagator:
        found += _w_caveats(sizes) if trident.has_w_exchange else _z_caveats(sizes)
    if whole:
        found += _inelastic_caveats(standard, flux, math.fsum(size.sigma_cm2 for size in sizes.values()))
    return (*found, *_tail_caveats(standard, flux))


@dataclass(frozen=True)
class _Size:
    """Averages over the cross section of a regime.

    Attributes
    ----------
    sigma_cm2 : float
    z_factor : float
        Square of the Z propagator over its four-fermion limit.
    s_over_w2 : float
        W^2/M_W^2, and 1 if it is larger; W is the mass of the three leptons.
    real_w : float
        Share with W > M_W.
    """

    sigma_cm2: float
    z_factor: float
    s_over_w2: float
    real_w: float


def _sizes(trident: TridentProcess, flux: Flux) -> dict[str, _Size]:
    """Return the sizes of the regimes of a process: coherent, and diffractive or one of proton and neutron."""
    process = trident.sampled(flux)
    names = {REGIME_NAMES[part.target.regime] for part in process.parts}
    together = set(INCOHERENT) <= names
    sums: dict[str, list[list[float]]] = {}
    points = _recurrence(process.dimensions)
    for channel, part in enumerate(process.parts):
        point = process.point(channel, points)
        weight = np.asarray(process.integrand(channel, points)) / _POINTS
        factor = z_propagator(2.0 * point.state.k * point.state.n_plus)
        ratio2 = np.minimum(point.state.w / W_MASS_GEV, 1.0) ** 2
        name = REGIME_NAMES[part.target.regime]
        name = "diffractive" if together and name in INCOHERENT else name
        of_each = (weight, weight * factor**2, weight * ratio2, weight * (ratio2 >= 1.0))
        sums.setdefault(name, []).append([math.fsum(each) for each in of_each])
    totals = {name: [math.fsum(each) for each in zip(*rows, strict=True)] for name, rows in sums.items()}
    return {
        name: _Size(sigma, z / sigma, s / sigma, real / sigma)
        for name, (sigma, z, s, real) in totals.items() if sigma > 0.0
    }  # fmt: skip


def _recurrence(dimensions: int) -> list[FloatArray]:
    """Return points of the additive recurrence of the generalised golden ratio, g^(d + 1) = g + 1."""
    golden = 2.0
    for _ in range(64):
        golden = (1.0 + golden) ** (1.0 / (dimensions + 1))
    number = np.arange(1, _POINTS + 1)
    return [np.mod(0.5 + number * golden ** -(i + 1), 1.0) for i in range(dimensions)]


def _z_caveats(sizes: dict[str, _Size]) -> Iterator[Caveat]:
    lowered = _listed({name: 1.0 - size.z_factor for name, size in sizes.items()})
    if lowered:
        text = (
            f"the Z propagator is left out; it lowers the cross section by about {lowered.words}; z_propagator = true "
            "in [model] includes it"
        )
        yield Caveat("propagators", lowered.largest, text)


def _w_caveats(sizes: dict[str, _Size]) -> Iterator[Caveat]:
    real = _listed({name: size.real_w for name, size in sizes.items()})
    order = _listed({name: size.s_over_w2 for name, size in sizes.items() if size.real_w < _PROPAGATORS_FROM})
    if real:
        others = f"; elsewhere corrections are of the order of (W/M_W)^2, {order.words}" if order else ""
        text = (
            "the four-fermion limit does not hold here: the three leptons are heavier than a W, which can be real, in "
            f"about {real.words} of the cross section{others}"
        )
        yield Caveat("propagators", 1.0 + real.largest, text)
    elif order:
        text = f"the propagators of W and Z are left out: corrections of the order of (W/M_W)^2, {order.words}"
        yield Caveat("propagators", order.largest, text)


@dataclass(frozen=True)
class _Listed:
    """Sizes of several regimes in words, and the largest; false if none of them matters."""

    words: str
    largest: float

    def __bool__(self) -> bool:
        return bool(self.words)


def _listed(sizes: dict[str, float]) -> _Listed:
    there = {name: size for name, size in sizes.items() if size >= _PROPAGATORS_FROM}
    words = ", ".join(f"{_percent(size)} ({name})" for name, size in there.items())
    return _Listed(words, max(there.values(), default=0.0))


def _percent(share: float) -> str:
    """Return a share in whole per cent."""
    return f"{100.0 * share:.0f} %"


def _is_total(trident: TridentProcess) -> bool:
    """Whether the regimes are all that the nuclide has."""
    nuclide = trident.nuclide
    return set(simple_regimes(nuclide, trident.regimes)) == set(simple_regimes(nuclide, ("total",)))


def _inelastic_caveats(trident: TridentProcess, flux: Flux, elastic_cm2: float) -> Iterator[Caveat]:
    inelastic_cm2 = inelastic_cross_section(
        trident.minus, trident.plus, trident.nuclide, flux, w_exchange=trident.has_w_exchange
    )
    share = inelastic_cm2 / (inelastic_cm2 + elastic_cm2) if inelastic_cm2 > 0.0 else 0.0
    if share >= _INELASTIC_FROM:
        text = f"inelastic scattering on nucleons is not included: about {_percent(share)} of the whole cross section"
        yield Caveat("inelastic", share, text)


def _tail_caveats(trident: TridentProcess, flux: Flux) -> Iterator[Caveat]:
    """Compare the form factors with the one used, at common points with the form factor of a point charge."""
    threshold = trident.threshold_GeV()
    pair_GeV = trident.minus.mass_GeV + trident.plus.mass_GeV
    q_min_fm = pair_GeV**2 / (2.0 * max(threshold, flux.energy_min_GeV)) / HBARC_GEV_FM
    if trident.form_factor == "unit" or q_min_fm * trident.nuclide.charge_radius_fm < 1.0:
        return
    process = trident.sampled(flux)
    coherent = [part for part in process.parts if part.target.regime == COHERENT]
    if not coherent:
        return
    point_charge = nucleus(trident.nuclide, "unit")
    process = replace(process, parts=tuple(replace(part, target=point_charge) for part in coherent))
    points = _recurrence(process.dimensions)
    sampled = [
        (np.asarray(process.integrand(channel, points)), process.point(channel, points).transfer.q2)
        for channel in range(len(process.channels))
    ]

    def sigma(name: str) -> float | None:
        try:
            shape, _ = charge_form_factor(trident.nuclide, name)
        except InputError:  # no such form factor of this nuclide
            return None
        return math.fsum(math.fsum(weight * shape(q2) ** 2) for weight, q2 in sampled)

    used = sigma(trident.form_factor)
    others = {name: sigma(name) for name in _COMPARED if name != trident.form_factor}
    ratios = {name: other / used for name, other in others.items() if other and used}
    spread = max((max(ratio, 1.0 / ratio) for ratio in ratios.values()), default=1.0)
    if spread >= _TAIL_FROM:
        words = ", ".join(f"{_times(ratio)} ({name})" for name, ratio in ratios.items())
        text = (
            f"coherent scattering takes place on the tail of the form factor {trident.form_factor}; with others the "
            f"cross section is {words}"
        )
        yield Caveat("form factor", spread, text)


def _times(ratio: float) -> str:
    """Return a ratio as in ``0.24 times``; beyond a factor of 1000 there is nothing to be said."""
    if not 1e-3 < ratio < 1e3:
        return "over 1000 times" if ratio > 1.0 else "under 0.001 times"
    return f"{ratio:.2g} times"
