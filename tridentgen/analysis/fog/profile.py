"""The profile likelihood of a signal over backgrounds of uncertain size, for Asimov data.

Data are those expected with the signal. The test statistic of no signal is the minimum over the nuisances

    q = min 2 sum_i [mu_i - n_i + n_i ln(n_i/mu_i)] + sum_k x_k^2,

with mu the background alone: each component c is multiplied by 1 + e_c x_c, with its relative error e_c, and depends on
every free number of the model by its pull t as b + t b' + t^2 b''/2. The expected significance is sqrt(q) (G. Cowan et
al., Eur. Phys. J. C 71 (2011) 1554, eq. 52). The minimum is that of a damped Newton method with exact gradient and
Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tridentgen.errors import TridentgenError
from tridentgen.typing import Flags, FloatArray

_DECREMENT = 1e-11
"""Expected gain of q at which the minimum is reached."""

_ROUNDING = 1e-6
"""Expected gain below which one that does not come is lost in rounding."""

_MOST_STEPS = 200
_SMALLEST = 1e-12
_NEAR = 1e-2
_LEAST_SHARE = 1e-30
"""Of the background of a bin in all of it: emptier bins without signal are left out."""


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """Rates of the components of a background in bins, per unit of exposure.

    Attributes
    ----------
    names : tuple of str
    errors : array of shape (C,)
        Relative errors.
    rates : array of shape (C, B)
    free : tuple of str
        Numbers of the model that are free.
    slopes, bends : arrays of shape (F, C, B)
        First and second derivative of `rates` by the pulls of these numbers.
    """

    names: tuple[str, ...]
    errors: FloatArray
    rates: FloatArray
    free: tuple[str, ...]
    slopes: FloatArray
    bends: FloatArray

    @property
    def total(self) -> FloatArray:
        """Sum over the components, shape (B,)."""
        return np.asarray(self.rates.sum(axis=0))


@dataclass(frozen=True, eq=False)
class Profile:
    """The test statistic of Asimov data, with its derivatives.

    Attributes
    ----------
    q : float
    by_signal, by_exposure : float
        dq/d ln(signal) and dq/d ln(exposure): the minimum moves, but its value does not change in first order, so that
        the derivatives are those at fixed nuisances.
    pulls : array of shape (C + F,)
        Nuisances at the minimum.
    """

    q: float
    by_signal: float
    by_exposure: float
    pulls: FloatArray

    @property
    def index(self) -> float:
        """The index n = -(d ln sigma/d ln exposure)^-1 along the line of constant q."""
        return self.by_signal / self.by_exposure


def profile(signal: FloatArray, background: Backgrounds, exposure: float, start: FloatArray | None = None) -> Profile:
    """Return the profile likelihood ratio of a signal of shape (B,), per unit of exposure.

    `start` are pulls from which to start; 0 unless given.

    Raises
    ------
    TridentgenError
        The minimum is not found in 200 steps.
    """
    total = background.total
    used = total > _LEAST_SHARE * total.sum()
    data = exposure * (total + signal)[used]
    expected = _Expected(background, used, exposure)
    pulls = np.zeros(len(background.names) + len(background.free)) if start is None else start
    value = expected.q(pulls, data)
    if not np.isfinite(value):
        pulls = np.zeros(len(pulls))
        value = expected.q(pulls, data)
    for _ in range(_MOST_STEPS):
        gradient, hessian = expected.derivatives(pulls, data)
        step, gain = _newton(gradient, hessian)
        if gain < _DECREMENT:  # the last step squares what is left of the error
            pulls = pulls + step
            value = expected.q(pulls, data)
            break
        length = 1.0
        trial = expected.q(pulls + step, data)
        while not trial <= value - 1e-4 * length * gain and length > _SMALLEST:
            length *= 0.5
            trial = expected.q(pulls + length * step, data)
        if length <= _SMALLEST or (gain < _ROUNDING and value - trial < _DECREMENT):
            break
        pulls, value = pulls + length * step, trial
    else:
        raise TridentgenError("the profile likelihood of the neutrino fog does not converge; please report this card")
    mu = expected.mean(pulls)
    seen = exposure * signal[used]
    poisson = _deviance(data, mu)
    # A signal where no neutrino is would be seen for certain: its bins have no background to be mistaken for.
    alone = 2.0 * exposure * float(signal[~used].sum())
    by_signal = 2.0 * float(np.sum(seen * np.log(data / mu))) + alone
    return Profile(value + alone, by_signal, poisson + alone, pulls)


def _deviance(data: FloatArray, mu: FloatArray) -> float:
    """Return 2 sum [mu - n + n ln(n/mu)]; by a series where n is near mu, for very large counts."""
    r = (data - mu) / mu
    small = np.abs(r) < _NEAR
    near = np.where(small, r, 0.0)
    series = near * near * (0.5 - near * (1.0 / 6.0 - near * (1.0 / 12.0 - near * (0.05 - near / 30.0))))
    ratio = np.where(small, 1.0, data / mu)
    far = ratio * np.log(ratio) - ratio + 1.0
    return 2.0 * float(np.sum(mu * np.where(small, series, far)))


def _newton(gradient: FloatArray, hessian: FloatArray) -> tuple[FloatArray, float]:
    """Return the step and the gain expected of it; the Hessian is made positive where it is not."""
    step: FloatArray = np.asarray(np.linalg.solve(hessian, -gradient), dtype=np.float64)
    gain = -float(gradient @ step)
    if gain >= 0.0:
        return step, gain
    values, vectors = np.linalg.eigh(hessian)
    positive = np.maximum(np.abs(values), 1e-12 * np.max(np.abs(values)))
    step = np.asarray(-vectors @ ((vectors.T @ gradient) / positive), dtype=np.float64)
    return step, -float(gradient @ step)


class _Expected:
    """Expected counts of the background, for an exposure, as a function of the pulls."""

    def __init__(self, background: Backgrounds, used: Flags, exposure: float) -> None:
        self._rates = exposure * background.rates[:, used]
        self._slopes = exposure * background.slopes[:, :, used]
        self._bends = exposure * background.bends[:, :, used]
        self._errors = background.errors

    def _components(self, model: FloatArray) -> FloatArray:
        """Return the counts of components of nominal flux, shape (C, B)."""
        shift = np.einsum("f,fcb->cb", model, self._slopes) + 0.5 * np.einsum("f,fcb->cb", model * model, self._bends)
        return np.asarray(self._rates + shift) if len(model) else self._rates

    def mean(self, pulls: FloatArray) -> FloatArray:
        """Return the expected counts, shape (B,)."""
        number = len(self._errors)
        return np.asarray((1.0 + self._errors * pulls[:number]) @ self._components(pulls[number:]))

    def q(self, pulls: FloatArray, data: FloatArray) -> float:
        """Return the test statistic; infinite where an expected count is not positive."""
        mu = self.mean(pulls)
        if not np.all(mu > 0.0):
            return np.inf
        return _deviance(data, mu) + float(pulls @ pulls)

    def derivatives(self, pulls: FloatArray, data: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gradient and Hessian of `q` by the pulls."""
        number = len(self._errors)
        model = pulls[number:]
        scales = 1.0 + self._errors * pulls[:number]
        components = self._components(model)
        by_model = self._slopes + model[:, None, None] * self._bends  # (F, C, B)
        of_fluxes = self._errors[:, None] * components
        of_model = np.einsum("c,fcb->fb", scales, by_model)
        slopes = np.concatenate([of_fluxes, of_model])  # (C + F, B)
        mu = scales @ components
        excess, weight = 1.0 - data / mu, data / (mu * mu)
        gradient = 2.0 * slopes @ excess + 2.0 * pulls
        hessian = 2.0 * (slopes * weight) @ slopes.T + 2.0 * np.eye(len(pulls))
        for k in range(len(model)):
            mixed = 2.0 * self._errors * (by_model[k] @ excess)
            hessian[number + k, :number] += mixed
            hessian[:number, number + k] += mixed
            hessian[number + k, number + k] += 2.0 * float(scales @ self._bends[k] @ excess)
        return gradient, hessian
