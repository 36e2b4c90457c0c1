"""A pagination as a descriptor writes it (n8n `operations.pagination`): its type, and its templates compiled.

How the pages are fetched stands in `pages.py`. The type `odata` is Nodeloom's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.expression import Compiled, Scope, compile_value
from nodeloom.plan.marks import Marks, Within, join_marks, marks_of_part
from nodeloom.values import Json, JsonObject

#: The types of a pagination.
PAGINATIONS = ("generic", "offset", "odata")
#: The parts of a request that may be made of a secret.
_PARTS = ("url", "method", "headers", "qs", "body")


@dataclass(frozen=True, slots=True)
class GenericTemplates:
    """The compiled templates of a generic pagination: whether to go on, and the parts of the next request.

    An expression in place of the `request` gives all parts at once, so there is `whole` instead of `parts`.
    """

    proceed: Compiled
    parts: Mapping[str, Compiled]
    whole: Compiled | None = None

    def all_templates(self) -> list[Compiled]:
        """Every template."""
        return [self.proceed, *self.parts.values(), *([self.whole] if self.whole is not None else [])]

    def part(self, key: str) -> Compiled | None:
        """The template that makes a part of the request; None if there is none."""
        return self.parts.get(key) if self.whole is None else self.whole

    def marks(self, within: Within) -> Marks:
        """What of the next request is the credential's; all of it may be if one expression makes the whole."""
        made = self.parts if self.whole is None else dict.fromkeys(_PARTS, self.whole)
        return join_marks(marks_of_part(key, part, within) for key, part in made.items())

    def resolve(self, scope: Scope) -> JsonObject:
        """The parts of the next request, those that are undefined too."""
        if self.whole is None:
            return {key: part.resolve(scope) for key, part in self.parts.items()}
        found = self.whole.resolve(scope)
        return dict(found) if isinstance(found, Mapping) else {}


class Pagination:
    """A pagination as a descriptor has it; `written` is its JSON.

    Many a node has one that only some operations, or `returnAll`, ask for: its templates are compiled when a plan may
    use them, once.
    """

    __slots__ = ("_size", "_templates", "properties", "type", "written")

    def __init__(self, written: Json) -> None:
        document: Mapping[str, Json] = written if isinstance(written, Mapping) else {}
        self.written = written
        self.type = document.get("type")
        self.properties: Mapping[str, Json] = document.get("properties") or {}
        self._templates: GenericTemplates | None = None
        self._size: Compiled | None = None

    @property
    def templates(self) -> GenericTemplates:
        """The templates of a generic one. Raises ExpressionSyntaxError, or JavaScriptDisabledError."""
        if self._templates is None:
            properties = self.properties
            # n8n takes an expression in place of the whole object as well.
            request = properties.get("request") or {}
            self._templates = GenericTemplates(
                compile_value(properties.get("continue"), dialect="n8n", property="pagination.continue"),
                {
                    key: compile_value(value, dialect="n8n", property=f"pagination.request.{key}")
                    for key, value in (request.items() if isinstance(request, Mapping) else ())
                },
                None
                if isinstance(request, Mapping)
                else compile_value(request, dialect="n8n", property="pagination.request"),
            )
        return self._templates

    @property
    def chooses_method(self) -> bool:
        """Whether it says by which method a page is fetched."""
        request = self.properties.get("request")
        return isinstance(request, Mapping) and "method" in request

    def all_templates(self) -> list[Compiled]:
        """Every template, compiled. Raises as `templates` does."""
        if self.type == "generic":
            return self.templates.all_templates()
        return [] if self.size is None else [self.size]

    @property
    def size(self) -> Compiled | None:
        """The `pageSize` of offset pages. Raises as `templates` does."""
        if self.type != "offset":
            return None
        if self._size is None:
            self._size = compile_value(self.properties.get("pageSize"), dialect="n8n", property="pagination.pageSize")
        return self._size


def pagination_of(operations: Mapping[str, Json] | None) -> Pagination | None:
    """The pagination among n8n's `operations` (or `requestOperations`)."""
    return Pagination(operations["pagination"]) if operations and "pagination" in operations else None
