"""Expressions: templates such as `{{ $json.Link }}` compiled once and resolved per item.

`compile_value` turns any JSON value with templates in it into a `Compiled`; `Compiled.resolve` takes a
`Scope`. Plain member paths run in Python, everything else in QuickJS; importing this package imports neither
QuickJS nor time zone data.
"""

from nodeloom.expression.scope import Compiled, Environment, Scope
from nodeloom.expression.splitting import Dialect
from nodeloom.expression.template import compile_value
from nodeloom.values import UNDEFINED, Literal, Undefined

__all__ = ["UNDEFINED", "Compiled", "Dialect", "Environment", "Literal", "Scope", "Undefined", "compile_value"]
