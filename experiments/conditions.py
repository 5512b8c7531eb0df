"""What counts as a success: an expression over the outcomes of the levers of a sweep.

``value_delivered > 100`` is asked of every lever; ``problem_led.needs_solved > no_poc.needs_solved``
compares two levers at the same point and seed; both may stand in one expression. There are numbers,
``+ - * /``, comparisons (also ``1 < x < 2``), ``and``, ``or``, ``not``, parentheses, ``abs``, ``min`` and
``max``. A lever whose name is no word stands as ``lever["my-city"].needs_solved``. Expressions are parsed,
never evaluated by Python.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, nearest

KEY = "--success"
#: most parts of an expression
LONGEST = 200

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": np.abs, "min": np.minimum, "max": np.maximum}

Array = NDArray[Any]
Value = Callable[["Name"], Array]


class Name(NamedTuple):
    """An outcome of a lever; of the row's own lever where that is empty."""

    lever: str
    outcome: str


@dataclass(frozen=True)
class Condition:
    """An expression that holds or does not.

    Attributes:
        text: as it was given.
        names: the outcomes in it, each once.
        tree: what it means.
    """

    text: str
    names: tuple[Name, ...]
    tree: ast.expr

    @property
    def compares(self) -> bool:
        """Whether every outcome is one of a named lever, so that it is asked once a point and seed."""
        return all(name.lever for name in self.names)

    def holds(self, value: Value) -> NDArray[np.bool_]:
        """Where it holds.

        Args:
            value: gives the array of an outcome; all arrays have the same shape.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _evaluated(self.tree, value)
        return np.asarray(np.broadcast_to(found, value(self.names[0]).shape), dtype=bool)


def parsed(text: str, levers: Sequence[str], outcomes: Sequence[str]) -> Condition:
    """The condition that a text says.

    Raises:
        InputError: it is no such expression, is no condition, or names a lever or an outcome that is not
            there.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" at character {error.offset}" if isinstance(error, SyntaxError) and error.offset else ""
        raise InputError(f"'{text}' is no expression{where}; such as: needs_solved > 10", key=KEY) from None
    nodes = list(ast.walk(tree))
    if len(nodes) > LONGEST:
        raise InputError(f"has {len(nodes)} parts; at most {LONGEST} are possible", key=KEY)
    if not _logical(tree):
        raise InputError(
            f"'{text}' is no condition; compare it with something, as in: needs_solved > 10", key=KEY
        )
    names = tuple(dict.fromkeys(_names(tree, levers, outcomes)))
    if not names:
        raise InputError(f"'{text}' names no outcome; such as: needs_solved > 10", key=KEY)
    return Condition(text.strip(), names, tree)


def _logical(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(map(_logical, node.values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _logical(node.operand)
    return isinstance(node, ast.Compare)


def _names(node: ast.expr, levers: Sequence[str], outcomes: Sequence[str]) -> Iterator[Name]:
    """The names in an expression, all of whose parts are allowed."""
    if isinstance(node, ast.Name | ast.Attribute):
        yield _name(node, levers, outcomes)
        return
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            _refuse(node)
        return
    for part in _operands(node):
        yield from _names(part, levers, outcomes)


def _operands(node: ast.expr) -> Sequence[ast.expr]:
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        _check_sort(node.operand, logical=isinstance(node.op, ast.Not))
        return [node.operand]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _check_sort(node.left, node.right, logical=False)
        return [node.left, node.right]
    if isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
        _check_sort(node.left, *node.comparators, logical=False)
        return [node.left, *node.comparators]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _right(node.func.id, node):
        _check_sort(*node.args, logical=False)
        return node.args
    return _refuse(node)


def _check_sort(*nodes: ast.expr, logical: bool) -> None:
    """Conditions stand where conditions belong, numbers where numbers do."""
    for node in nodes:
        if _logical(node) != logical:
            _refuse(node)


def _right(function: str, call: ast.Call) -> bool:
    number = len(call.args)
    return function in _FUNCTIONS and not call.keywords and (number == 1 if function == "abs" else number > 1)


def _refuse(node: ast.expr) -> NoReturn:
    allowed = "numbers, outcomes, + - * /, comparisons, and, or, not, abs, min, max"
    raise InputError(f"'{ast.unparse(node)}' cannot stand there; there may be {allowed}", key=KEY)


def _name(node: ast.expr, levers: Sequence[str], outcomes: Sequence[str]) -> Name:
    if isinstance(node, ast.Name):
        return Name("", _known(node.id, outcomes, "outcome"))
    assert isinstance(node, ast.Attribute)
    return Name(_known(_lever(node.value), levers, "lever"), _known(node.attr, outcomes, "outcome"))


def _lever(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    quoted = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "lever"
    if quoted and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):  # type: ignore[attr-defined]
        return node.slice.value  # type: ignore[attr-defined]
    return _refuse(node)


def _known(word: str, known: Sequence[str], what: str) -> str:
    if word not in known:
        hint = nearest(word, known) or f"; known are {', '.join(known)}"
        raise InputError(f"unknown {what} '{word}'{hint}", key=KEY)
    return word


# --- what it gives ------------------------------------------------------------------------------


def _evaluated(node: ast.expr, value: Value) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return value(Name("", node.id))
    if isinstance(node, ast.Attribute):
        return value(Name(_lever(node.value), node.attr))
    if isinstance(node, ast.BoolOp):
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return reduce(join, [_evaluated(part, value) for part in node.values])
    if isinstance(node, ast.UnaryOp):
        found = _evaluated(node.operand, value)
        return np.logical_not(found) if isinstance(node.op, ast.Not) else np.negative(found)
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_evaluated(node.left, value), _evaluated(node.right, value))
    if isinstance(node, ast.Compare):
        return _compared(node, value)
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    parts = [_evaluated(part, value) for part in node.args]
    return np.abs(parts[0]) if node.func.id == "abs" else reduce(_FUNCTIONS[node.func.id], parts)


def _compared(node: ast.Compare, value: Value) -> Any:
    sides = [_evaluated(part, value) for part in (node.left, *node.comparators)]
    found = [
        _COMPARISONS[type(op)](left, right)
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False)
    ]
    return reduce(np.logical_and, found)
