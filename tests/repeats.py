"""Tests that are repeated for many cases: a few by default, the others among the slow ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def slow_if(is_slow: Callable[[Any], bool], cases: Iterable[Any]) -> list[Any]:
    """Return the cases of `parametrize`, those that `is_slow` takes marked as slow."""
    return [pytest.param(case, marks=[pytest.mark.slow] if is_slow(case) else []) for case in cases]
