"""Small event files of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

import tridentgen as tg
from tests.exchange.export.samples import Samples


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Event files by name, made when first asked for."""
    return Samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def events(samples: Samples, kind: str) -> tg.Events:
    """Events of one kind."""
    return tg.read(samples.path(kind))


@pytest.fixture
def source(samples: Samples, kind: str) -> Path:
    """File of one kind."""
    return samples.path(kind)
