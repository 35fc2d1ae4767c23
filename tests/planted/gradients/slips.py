"""Slips of the pen: one edit of a gradient's source, as a syntax tree."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any

FUNCTIONS = {
    "sin": "cos", "cos": "sin", "tan": "sin", "exp": "expm1", "expm1": "exp", "log": "log1p",
    "log1p": "log", "sqrt": "cbrt", "tanh": "arctan", "arctan": "tanh", "cosh": "sinh",
    "sinh": "cosh", "sum": "mean", "mean": "sum", "maximum": "minimum", "max": "min",
    "abs": "square", "sign": "cbrt", "hypot": "maximum", "digamma": "gammaln", "gamma": "digamma",
    "erf": "erfc", "ndtr": "expit", "argmax": "argmin",
}  # fmt: skip

# What stands in these calls counts entries and is not mathematics.
COUNTING = {"range", "zeros", "zeros_like", "ones", "arange", "len", "zip"}

OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
COMPARISONS = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


@dataclass(frozen=True, eq=False)
class Slip:
    """An edited function.

    Parameters
    ----------
    detail : str
        What stood there, and what stands there now.
    function : callable
        Compiled from the edited source, which `inspect.getsource` finds.
    """

    detail: str
    function: Callable[[Any], Any]


@cache
def places_of(function: Callable[[Any], Any], kind: str) -> tuple[tuple[int, int], ...]:
    """Return (place, edit) of every slip of a kind in the function's source."""
    return tuple(
        (index, number)
        for index, place in enumerate(_places(_tree(function)))
        for number, _ in enumerate(EDITS[kind](place))
    )


def make_slip(function: Callable[[Any], Any], kind: str, index: int, number: int) -> Slip:
    """Make one of the slips that `places_of` lists."""
    # Every slip edits a tree of its own: nodes are replaced in place.
    tree = _tree(function)
    place = _places(tree)[index]
    old, new = ast.unparse(place.node), list(EDITS[kind](place))[number]
    detail = f"{old} -> {'(nothing)' if isinstance(new, ast.Pass) else ast.unparse(new)}"
    place.replace(new)
    name = f"<{function.__qualname__} {kind} {index}.{number}>"
    return Slip(detail, _compiled(tree, function, name))


@cache
def _source(function: Callable[[Any], Any]) -> str:
    return textwrap.dedent(inspect.getsource(function))


def _tree(function: Callable[[Any], Any]) -> ast.Module:
    return ast.parse(_source(function))


@dataclass(frozen=True, eq=False)
class Place:
    """A node of the tree, where it hangs, whether it counts entries; the unpacked variables."""

    node: ast.AST
    parent: ast.AST
    field: str
    position: int | None
    is_index: bool
    variables: tuple[str, ...]

    def replace(self, new: ast.AST) -> None:
        """Hang another node there."""
        if self.position is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.position] = new


def _places(tree: ast.Module) -> list[Place]:
    """Return every place of the function's body."""
    places: list[Place] = []

    def visit(parent: ast.AST, is_index: bool) -> None:
        for field, value in ast.iter_fields(parent):
            index = is_index or (isinstance(parent, ast.Subscript) and field == "slice")
            index = index or (isinstance(parent, ast.keyword))
            index = index or (
                isinstance(parent, ast.Call) and field == "args" and _name(parent) in COUNTING
            )
            children = value if isinstance(value, list) else [value]
            for position, child in enumerate(children):
                if isinstance(child, ast.AST):
                    at = position if isinstance(value, list) else None
                    places.append(Place(child, parent, field, at, index, variables))
                    visit(child, index)

    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    variables = _unpacked(function)
    for position, statement in enumerate(function.body):
        places.append(Place(statement, function, "body", position, False, variables))
        visit(statement, False)
    return places


def _unpacked(function: ast.FunctionDef) -> tuple[str, ...]:
    """Return the names into which the function unpacks its argument."""
    for node in function.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            value, argument = node.value, function.args.args[0].arg
            if isinstance(value, ast.Name) and value.id == argument:
                return tuple(e.id for e in node.targets[0].elts if isinstance(e, ast.Name))
    return ()


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _compiled(tree: ast.Module, original: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    module = compile(source, name, "exec")
    (code,) = [constant for constant in module.co_consts if isinstance(constant, CodeType)]
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    assert isinstance(original, FunctionType)
    return FunctionType(code, original.__globals__, original.__name__)


# --- the edits: what may stand in a place instead ------------------------------------------------


def _dropped_term(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if place.is_index:
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield node.left
        yield node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield ast.Pass()


def _missing_factor(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if place.is_index or not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, (ast.Mult, ast.Div, ast.Pow)):
        yield node.left
    if isinstance(node.op, ast.Mult):
        yield node.right
    if isinstance(node.op, ast.Div):
        yield ast.BinOp(ast.Constant(1), ast.Div(), node.right)


def _wrong_operator(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if place.is_index:
        return
    if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
        yield ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)
        if isinstance(node.op, ast.Mult):
            yield ast.BinOp(node.left, ast.Add(), node.right)
    if isinstance(node, ast.AugAssign) and type(node.op) in OPPOSITE:
        yield ast.AugAssign(node.target, OPPOSITE[type(node.op)](), node.value)
    is_minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    if is_minus and not isinstance(node.operand, ast.Constant):
        yield node.operand


def _wrong_function(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if (
        isinstance(node, ast.Attribute)
        and node.attr in FUNCTIONS
        and isinstance(node.ctx, ast.Load)
    ):
        known_to_scipy = {"digamma", "gammaln", "gamma", "erf", "erfc", "ndtr", "expit"}
        new = FUNCTIONS[node.attr]
        module = "special" if new in known_to_scipy else "np"
        yield ast.Attribute(ast.Name(module, ast.Load()), new, ast.Load())


def _wrong_literal(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if place.is_index or not isinstance(node, ast.Constant) or isinstance(node.value, (bool, str)):
        return
    value = node.value
    for new in (value + 1, value - 1, 2 * value, 1.1 * value, value / 2):
        if new != value:
            yield ast.Constant(new)


def _off_by_one(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if not place.is_index:
        return
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for step in (1, -1):
            yield ast.Constant(node.value + step)
    if isinstance(node, ast.Name) and isinstance(place.parent, (ast.Subscript, ast.Tuple)):
        for sign in (ast.Add(), ast.Sub()):
            yield ast.BinOp(node, sign, ast.Constant(1))


def _wrong_variable(place: Place) -> Iterator[ast.AST]:
    node = place.node
    is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    if is_read and node.id in place.variables and not place.is_index:
        for name in place.variables:
            if name != node.id:
                yield ast.Name(name, ast.Load())


def _wrong_comparison(place: Place) -> Iterator[ast.AST]:
    node = place.node
    if isinstance(node, ast.Compare) and type(node.ops[-1]) in COMPARISONS:
        ops = [*node.ops[:-1], COMPARISONS[type(node.ops[-1])]()]
        yield ast.Compare(node.left, ops, node.comparators)


EDITS: dict[str, Callable[[Place], Iterator[ast.AST]]] = {
    "dropped term": _dropped_term,
    "missing factor": _missing_factor,
    "wrong operator": _wrong_operator,
    "wrong function": _wrong_function,
    "wrong literal": _wrong_literal,
    "off by one": _off_by_one,
    "wrong variable": _wrong_variable,
    "wrong comparison": _wrong_comparison,
}
