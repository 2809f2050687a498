"""A measurement: a card with its data set, and chi2 of any model as a plain function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tridentgen.cards import Card
from tridentgen.errors import InputError, nearest
from tridentgen.fits.dataset import Dataset, Prediction
from tridentgen.fits.likelihood import Likelihood
from tridentgen.fits.measurements import measured
from tridentgen.fits.models import card_key, changed_reaction, free_key
from tridentgen.fits.user_data import as_expected, expected_data, user_data
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.typing import FloatArray

Model = Cevns | CevnsModel | Mapping[str, float] | None
"""A process, its model, numbers by the keys of a card, or None for the model of the card."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """Measured events, and the card that predicts them.

    Attributes
    ----------
    card : Card
    data : Dataset
    """

    card: Card
    data: Dataset

    @property
    def name(self) -> str:
        """Name of the data."""
        return self.data.name

    @property
    def cite(self) -> str:
        """The publication of the data."""
        return self.data.cite

    @property
    def nuisances(self) -> tuple[str, ...]:
        """Names of the uncertainties."""
        return tuple(nuisance.name for nuisance in self.data.nuisances)

    def chi2(self, model: Model = None, nuisances: Mapping[str, float] | None = None) -> float:
        """Return chi2 of a model, with pulls of uncertainties in standard deviations; the others are zero.

        This is minus two log likelihood, up to a constant, with a Gaussian term for each pull. Raise `InputError` for
        an unknown uncertainty, or a model that does not fit the target.
        """
        return Likelihood((self.data,)).chi2([self._prediction(model)], self._pulls(nuisances))[0]

    def expected(self, model: Model = None, nuisances: Mapping[str, float] | None = None) -> dict[str, FloatArray]:
        """Return the expected events of CEvNS and of each background in all bins; arguments are those of `chi2`."""
        return self._prediction(model).parts(self._pulls(nuisances))

    def _prediction(self, model: Model) -> Prediction:
        return self.data.at(self._reaction(model))

    def _reaction(self, model: Model) -> Cevns:
        here = self.data.reaction
        if model is None:
            return here
        if isinstance(model, CevnsModel):
            return replace(here, sin2_theta_w=None, model=model)
        if isinstance(model, Cevns):
            if (model.target, model.recoil_min_keV) != (here.target, here.recoil_min_keV):
                raise InputError(
                    f"the process must have target = '{here.target}' and recoil_min_keV = {here.recoil_min_keV:g}, as "
                    f"the card of {self.name}; give its model alone"
                )
            return model
        keys = [(free_key(name), value * card_key(name)[1]) for name, value in model.items()]
        return changed_reaction(here, keys)

    def _pulls(self, given: Mapping[str, float] | None) -> FloatArray:
        given = given or {}
        for name in given:
            if name not in self.nuisances:
                known = ", ".join(self.nuisances)
                raise InputError(
                    f"'{self.name}' has no uncertainty '{name}'{nearest(name, self.nuisances)}; it has {known}"
                )
        return np.array([float(given.get(name, 0.0)) for name in self.nuisances])


def measurement_of(card: Card, *, asimov: bool = False) -> Measurement:
    """Return the measurement of a card.

    Parameters
    ----------
    card : Card
        Without data in [fit], the events that it expects take their place.
    asimov : bool
        Take the expected events in any case.

    Raises
    ------
    CardError, InputError, FileError
        A card that is not of CEvNS, unknown data or errors, or a file that cannot be read.
    """
    data = data_of(card)
    if asimov:
        data = as_expected(data)
    data.require_expectation()
    return Measurement(card, data)


def data_of(card: Card) -> Dataset:
    """Return the data set of a card."""
    given = card.fit
    with card.blaming("fit"):
        if given is None or not given.data:
            data = expected_data(card)
        else:
            data = user_data(card, given) if given.is_file else measured(given.data, card)
        return data if given is None else data.with_errors(given.systematics)
