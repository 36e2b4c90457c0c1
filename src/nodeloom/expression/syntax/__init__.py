"""A JavaScript parser: enough of ECMA-262 (2022) to know where what stands in an expression.

It exists to rewrite and to inspect, not to judge: it finds member accesses, calls and names with their
positions. What it lets pass wrongly, QuickJS refuses when it compiles the result.
"""

from nodeloom.expression.syntax.nodes import CodeError, Node, walk
from nodeloom.expression.syntax.parser import parse_expression

__all__ = ["CodeError", "Node", "parse_expression", "walk"]
