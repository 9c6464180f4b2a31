"""The house's rules about source code, each as a function from a module to its offences (line and words).

They read the syntax tree, not the text, so that comments and strings do not count. `test_house_rules.py` runs them on
the product and shows on a snippet that each can find something.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
EDGES = {
    ("functions/shared/http/routes.py", "_answer"): "the outermost edge: nothing leaves without a problem document",
}
"""Where everything may be caught, and why."""
_BROAD = {"Exception", "BaseException"}
_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
_ROOMS = frozenset(
    "accounts companions hospitals booking tracking care settlement insurance support operations".split()
)


@dataclass(frozen=True)
class Module:
    """One source file: `path` is relative to the repository."""

    path: str
    text: str

    @classmethod
    def read(cls, root: Path, file: Path) -> "Module":
        return cls(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


Check = Callable[[Module], Iterator[str]]


def files_fit_in_the_head(module: Module) -> Iterator[str]:
    """A file that outgrows about 400 lines becomes a package."""
    lines = module.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{lines} lines"


def functions_fit_a_screen(module: Module) -> Iterator[str]:
    """No function is longer than 70 lines."""
    for function in _functions(module.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{function.lineno}: {function.name} has {lines} lines"


def time_comes_from_the_clock(module: Module) -> Iterator[str]:
    """The present is asked of `shared.clock` alone, so that a test can freeze it and an instant always has a zone."""
    if module.path == "functions/shared/clock.py" or not module.path.startswith("functions/"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in _CLOCKS:
                yield f"{node.lineno}: {node.value.id}.{node.attr}"


def money_is_never_a_float(module: Module) -> Iterator[str]:
    """Nothing named `*_fen` is declared as a float or a DynamoDB number, or computed by division or from a float."""
    for node in ast.walk(module.tree):
        for name, line, declared, value in _bindings(node):
            if not name.endswith("_fen"):
                continue
            if declared is not None and _mentions(declared, {"float", "Decimal"}):
                yield f"{line}: {name} is declared as a float"
            if value is not None and _is_inexact(value):
                yield f"{line}: {name} is computed inexactly"


def only_edges_catch_everything(module: Module) -> Iterator[str]:
    """`except Exception` (or a bare `except`) stands only at the documented edges, or lets the exception pass on."""
    for function in _functions(module.tree):
        if (module.path, function.name) in EDGES:
            continue
        for node in _own_nodes(function):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
                yield f"{node.lineno}: {function.name} catches everything"


def nothing_is_left_to_do(module: Module) -> Iterator[str]:
    """No TODO, FIXME or XXX: what is open is written down under `docs`."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if "#" in line and any(word in line.partition("#")[2] for word in ("TODO", "FIXME", "XXX")):
            yield f"{number}: {line.strip()}"


def other_rooms_are_only_read(module: Module) -> Iterator[str]:
    """No action of another room is given our transaction: writes into another room go by event."""
    parts = module.path.split("/")
    if len(parts) < 3 or parts[0] != "functions" or parts[1] not in _ROOMS:
        return
    foreign = set(_foreign_names(module.tree, own=parts[1]))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _root_name(node.func) in foreign:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(_is_transaction(argument) for argument in given):
                yield f"{node.lineno}: {ast.unparse(node.func)} is given a transaction of {parts[1]}"


CHECKS: tuple[Check, ...] = (
    files_fit_in_the_head,
    functions_fit_a_screen,
    time_comes_from_the_clock,
    money_is_never_a_float,
    only_edges_catch_everything,
    nothing_is_left_to_do,
    other_rooms_are_only_read,
)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def _bindings(node: ast.AST) -> Iterator[tuple[str, int, ast.expr | None, ast.expr | None]]:
    """Names that this node declares or binds: name, line, declared type, value."""
    if isinstance(node, ast.arg):
        yield node.arg, node.lineno, node.annotation, None
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value.lineno, None, node.value
    elif isinstance(node, ast.AnnAssign):
        yield _last_name(node.target), node.lineno, node.annotation, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield _last_name(target), node.lineno, None, node.value
    elif isinstance(node, ast.AugAssign):
        value = ast.BinOp(node.target, node.op, node.value)
        yield _last_name(node.target), node.lineno, None, value


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    passes_on = isinstance(last, ast.Raise) and last.exc is None
    return not passes_on and (handler.type is None or _mentions(handler.type, _BROAD))


def _is_inexact(value: ast.expr) -> bool:
    """A true division, a float, or PynamoDB's number, outside the arguments of other calls."""
    match value:
        case ast.Constant(value=float()):
            return True
        case ast.BinOp(left=left, op=operator, right=right):
            return isinstance(operator, ast.Div) or _is_inexact(left) or _is_inexact(right)
        case ast.UnaryOp(operand=operand):
            return _is_inexact(operand)
        case ast.IfExp(body=body, orelse=otherwise):
            return _is_inexact(body) or _is_inexact(otherwise)
        case ast.Call(func=function, args=arguments):
            name = _last_name(function)
            return name in {"float", "NumberAttribute"} or (
                name in {"int", "round"} and any(map(_is_inexact, arguments))
            )
    return False


def _foreign_names(tree: ast.Module, *, own: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] == "functions" and len(parts) > 1 and parts[1] in _ROOMS - {own}:
                if "events" not in parts:
                    yield from (alias.asname or alias.name for alias in node.names if alias.name != "events")


def _is_transaction(argument: ast.expr) -> bool:
    return _last_name(argument) == "tx"


def _mentions(node: ast.expr, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _root_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
