"""What a program hands over besides items is refused by its name if it is of another kind."""

from __future__ import annotations

import pytest

from nodeloom.errors import ConfigurationError
from nodeloom.inputs.handover import as_nodes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"A": 5}, "nodes['A'] must be a list of items, not a number."),
        ({"A": None}, "nodes['A'] must be a list of items, not null."),
        ({"A": "abc"}, "nodes['A'] must be a list of items, not a text."),
        ({"A": {"json": {}}}, "nodes['A'] must be a list of items, not an object."),
        ({5: [{}]}, "nodes[5] must be by the name of a node, not a number."),
        ([], "nodes must be the items of other nodes, by the name of the node."),
    ],
)
def test_the_items_of_a_node_are_a_list_under_its_name(given: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        as_nodes(given)
    assert refused.value.message == message
    assert refused.value.property == "nodes"
    assert "nodes={" in (refused.value.hint or "")


def test_any_iterable_holds_the_items_of_a_node() -> None:
    assert as_nodes({"A": ({"id": n} for n in (1, 2)), "B": ()}) == {"A": [{"id": 1}, {"id": 2}], "B": []}
