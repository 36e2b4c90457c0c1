"""JavaScript as a tree: a parser of what ECMA-262 (2022) has for expressions, and a printer.

QuickJS is given code printed from the tree, never text of an author. So the tree holds everything that code may mean,
and what it cannot hold is refused.
"""

from nodeloom.expression.syntax.nodes import CodeError, Node, walk
from nodeloom.expression.syntax.parser import parse_expression

__all__ = ["CodeError", "Node", "parse_expression", "walk"]
