"""Sums and functions whose last digit depends on the version of Python or NumPy, or on the processor, are not used.

The built-in `sum` of floats is compensated since Python 3.12; `np.sum`, `np.mean` and matrix products add in an order
that depends on NumPy, its BLAS and the vector width, and NumPy's transcendental functions differ likewise. `math.fsum`,
`tree_sum`, `physics.elementary` and cumulative sums, which are defined one by one, do not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tridentgen

ROOM = Path(tridentgen.__file__).parent
FILES = sorted(path for room in ("sampling", "engines", "physics") for path in (ROOM / room).rglob("*.py"))

SUMS = {
    "sum", "nansum", "mean", "nanmean", "average", "prod", "std", "var", "dot", "vdot", "inner", "matmul", "einsum",
    "tensordot", "trace", "trapezoid", "trapz", "norm", "reduceat", "convolve", "median", "linalg",
}  # fmt: skip
FUNCTIONS = {
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "power", "float_power", "cbrt", "hypot", "sin", "cos",
    "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
}  # fmt: skip


def forbidden(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each operation whose bits are not defined."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="sum")) | ast.BinOp(op=ast.MatMult()):
                yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in SUMS:
                if ast.unparse(value) != "math":  # math.prod of integers
                    yield node.lineno, ast.unparse(node)
            case ast.Call(func=ast.Attribute(attr="reduce", value=ast.Attribute(value=ast.Name(id="np")))):
                yield node.lineno, ast.unparse(node)
            case ast.Attribute(attr=name, value=ast.Name(id="np")) if name in FUNCTIONS | SUMS:
                yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_sums_have_a_defined_order(path: Path) -> None:
    found = list(forbidden(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"use math.fsum, tree_sum or physics.elementary: {found}"


@pytest.mark.parametrize(
    "text",
    [
        "sum(means)", "share.sum()", "np.sum(x)", "np.mean(weights ** 2)", "moment.mean()", "a @ b", "np.add.reduce(x)",
        "np.einsum('i,j', a, b)", "np.exp(x)", "list(map(np.log, x))", "np.linalg.norm(x)", "weights.dot(x)",
    ],
)  # fmt: skip
def test_the_rule_finds(text: str) -> None:
    assert list(forbidden(ast.parse(text)))


@pytest.mark.parametrize("text", ["math.fsum(x)", "math.prod(strata)", "np.cumsum(x)", "tree_sum(x)", "sums.sum * 2.0"])
def test_the_rule_allows(text: str) -> None:
    assert not list(forbidden(ast.parse(text)))
