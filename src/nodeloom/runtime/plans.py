"""Plans of operations, by the settings of one runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nodeloom.descriptor.once import once
from nodeloom.inputs.handover import as_parameters
from nodeloom.runtime.registry import Registry

if TYPE_CHECKING:
    from nodeloom.descriptor.models import BulkTwin
    from nodeloom.expression import Dialect
    from nodeloom.plan.address import UrlValues
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.redaction import SecretNames
    from nodeloom.transport.policy import Policy


class Plans:
    """Compiles plans, and bounds them by the runtime's policy.

    Args:
        registry: the nodes.
        url_values: whether a value that would change an address is refused ("strict").
        javascript: whether expressions may be JavaScript.
        policy: what bounds pages and items.
        secret_names: names of secret fields besides the usual ones.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        url_values: UrlValues,
        javascript: bool,
        policy: Policy | None,
        secret_names: Sequence[str],
    ) -> None:
        self._registry = registry
        self._url_values: UrlValues = url_values
        self._javascript = javascript
        self._policy = policy
        self._more_secret_names = secret_names

    @once
    def secret_names(self) -> SecretNames:
        """Which fields' values are masked in all that is told."""
        from nodeloom.redaction import DEFAULT_SECRET_NAMES, SecretNames

        return SecretNames((*DEFAULT_SECRET_NAMES, *self._more_secret_names))

    def names_of(self, plan: OperationPlan) -> SecretNames:
        """Which fields' values are masked in all that is told of a plan: the node's own secret ones too (n8n)."""
        fields = plan.descriptor.sensitive_output_fields
        if not fields:
            return self.secret_names
        from nodeloom.redaction import DEFAULT_SECRET_NAMES, SecretNames

        own = [field.rpartition(".")[2].removesuffix("[*]") for field in fields]
        return SecretNames((*DEFAULT_SECRET_NAMES, *self._more_secret_names, *filter(None, own)))

    def compile(
        self, node: str, parameters: Mapping[str, Any], *, dialect: Dialect, version: int | float | None
    ) -> OperationPlan:
        """The plan of one operation. Raises what is wrong with the parameters."""
        from nodeloom.descriptor.patterns import refuse_patterns
        from nodeloom.javascript import allowed
        from nodeloom.plan.compiler import compile_plan

        found = self._registry.node(node)
        parameters = as_parameters(parameters)
        with allowed(self._javascript):
            plan = compile_plan(
                found,
                parameters,
                dialect=dialect,
                url_values=self._url_values,
                version=version,
                untold=self.secret_names,
            )
            refuse_patterns(plan.descriptor.properties, {name: c.source for name, c in plan.parameters.items()})
        return self._bounded(plan)

    def compile_choices(self, node: str, property_name: str, parameters: Mapping[str, Any]) -> OperationPlan:
        """The plan that loads a property's choices. Raises as `nodeloom.plan.servicechoices.compile_choices` does."""
        from nodeloom.javascript import allowed
        from nodeloom.plan.servicechoices import compile_choices

        found = self._registry.node(node)
        parameters = as_parameters(parameters)
        with allowed(self._javascript):
            plan = compile_choices(
                found, property_name, parameters, url_values=self._url_values, untold=self.secret_names
            )
        return self._bounded(plan)

    def bulk(self, plan: OperationPlan) -> tuple[BulkTwin, OperationPlan]:
        """The bulk twin of a plan's operation, and the twin's plan. Raises ConfigurationError if it has none."""
        from nodeloom.run.coalescing import bulk_plan

        twin, plan = bulk_plan(plan, self._url_values)
        return twin, self._bounded(plan)

    def _bounded(self, plan: OperationPlan) -> OperationPlan:
        policy = self._policy
        if policy is not None:
            plan.bound(max_pages=policy.max_pages, max_items=policy.max_items)
        return plan
