"""Firmware source -> CPython code, with a tick in every loop, cached by content.

The tick is how code that never calls the hardware is noticed, and how a guest that was reset is ended
even inside `while True: try: ... except: pass`.
"""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from types import CodeType

TICK = "__tick__"
SHOW = "__show__"
STOP = "__stop__"
FORMAT = "__format_bytes__"


class _Ticks(ast.NodeTransformer):
    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        call = ast.Expr(ast.Call(ast.Name(TICK, ast.Load()), [], []))
        node.body.insert(0, ast.copy_location(call, node))
        return node

    visit_For = _loop  # noqa: N815
    visit_While = _loop  # noqa: N815


class _Dialect(ast.NodeTransformer):
    """What MicroPython takes and CPython does not. `NAME = const(value)` is `NAME = value`, with `const` imported or
    not. Bytes are formatted as texts are."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.BinOp(ast.Constant(bytes()), ast.Mod(), right):
                return ast.copy_location(ast.Call(ast.Name(FORMAT, ast.Load()), [node.left, right], []), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Constant(bytes()), "format"):
                node.args.insert(0, node.func.value)
                node.func = ast.copy_location(ast.Attribute(ast.Name(FORMAT, ast.Load()), "braces", ast.Load()), node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Assign([ast.Name()], ast.Call(ast.Name("const"), [value], [])):
                node.value = value
        return node


class _Stops(ast.NodeTransformer):
    """Puts a call of STOP before the first statement of each line that is asked for."""

    def __init__(self, lines: frozenset[int]) -> None:
        self._left = set(lines)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, [new for old in block for new in self._before(old)])
        return super().generic_visit(node)

    def _before(self, node: ast.AST) -> list[ast.AST]:
        line = getattr(node, "lineno", 0)
        if not isinstance(node, ast.stmt) or line not in self._left:
            return [node]
        self._left.discard(line)
        stop = ast.copy_location(ast.Expr(ast.Call(ast.Name(STOP, ast.Load()), [], [])), node)
        if sys.version_info < (3, 13):
            # on another line: there a debugger stops at the next statement that begins one, later ones at the call
            stop.lineno = stop.end_lineno = line - 1 or 2
        return [stop, node]


@lru_cache(maxsize=4096)
def compiled(source: bytes, name: str, shown: bool = False, stops: frozenset[int] = frozenset()) -> CodeType:
    """The code of a module, or with `shown` of a line at the prompt, which shows the values of its
    expressions; it calls STOP at the lines `stops`. SyntaxError as the language has it; ValueError for a null byte."""
    tree = ast.parse(source, name)
    if stops:
        tree = _Stops(stops).visit(tree)
    tree = _Ticks().visit(_Dialect().visit(tree))
    if shown:
        for node in [n for n in tree.body if isinstance(n, ast.Expr)]:
            node.value = ast.Call(ast.Name(SHOW, ast.Load()), [node.value], [])
    return compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True)
