"""Firmware source -> CPython code, with a tick in every loop, cached by content.

The tick is how code that never calls the hardware is noticed, and how a guest that was reset is ended
even inside `while True: try: ... except: pass`.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from types import CodeType

TICK = "__tick__"
SHOW = "__show__"


class _Ticks(ast.NodeTransformer):
    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        self.generic_visit(node)
        call = ast.Expr(ast.Call(ast.Name(TICK, ast.Load()), [], []))
        node.body.insert(0, ast.copy_location(call, node))
        return node

    visit_For = _loop  # noqa: N815
    visit_While = _loop  # noqa: N815


@lru_cache(maxsize=4096)
def compiled(source: bytes, name: str, shown: bool = False) -> CodeType:
    """The code of a module, or with `shown` of a line at the prompt, which shows the values of its
    expressions. SyntaxError as the language has it; ValueError for a null byte."""
    tree = _Ticks().visit(ast.parse(source, name))
    if shown:
        for node in [n for n in tree.body if isinstance(n, ast.Expr)]:
            node.value = ast.Call(ast.Name(SHOW, ast.Load()), [node.value], [])
    return compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True)
