"""Unknown keys of a descriptor that are almost a known one.

Unknown keys are kept and are not a fault: a later n8n may know them. But a key that is a letter away from a known one
is a typo. What it was to say would be silently ignored, whether or not the known key is there as well.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping

from nodeloom.descriptor.documentkeys import Annotation, DocumentPart, kinds_in, told_in
from nodeloom.values import Json

Keys = tuple[str | int, ...]


def _keys(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What n8n 2.41 knows besides the models' own fields; Nodeloom keeps these without reading them.
_MORE_KEYS: Mapping[str, frozenset[str]] = {
    "NodeDescriptor": _keys(
        "icon iconUrl iconColor subtitle codex documentationUrl defaultVersion hidden usableAsTool maxNodes polling"
        " supportsCORS triggerPanel webhooks hints eventTriggerDescription activationMessage inputNames outputNames"
        " requiredInputs parameterPane badgeIconUrl"
    ),
    "PropertyDescriptor": _keys(
        "disabledOptions isNodeSetting doNotInherit ignoreValidationDuringExecution credentialTypes"
        " requiresDataPath allowArbitraryValues typeVersion callout icon"
    ),
    "OptionDescriptor": _keys("outputConnectionType inputSchema iconUrl icon"),
    "GroupDescriptor": _keys("displayOptions description options"),
    "CredentialReference": _keys("displayName disabledOptions testedBy"),
    "CredentialType": _keys(
        "icon iconUrl iconColor iconBasePath genericAuth httpRequestNode preAuthentication"
        " __overwrittenProperties __skipManagedCreation toggleable"
    ),
    "RequestRouting": _keys("auth proxy agentOptions sendCredentialsOnCrossOriginRedirect abortSignal"),
    "CollectionMode": _keys("hint placeholder validation url typeOptions initType entryTypes search"),
}


# Comparing takes the square of the length; no key of a document is that long.
_LONGEST = 100


def typo_of(name: str, others: Iterable[str]) -> str | None:
    """The one of `others` that is most likely `name` misspelt (or the other way round), or None."""
    # The nearest one, of several as near the first: the callers give them in an order that means something.
    best: str | None = None
    least = 3
    for other in others:
        if other == name:
            continue
        distance = 0 if other.casefold() == name.casefold() else _distance(name, other)
        if distance < least and (
            distance <= _tolerance(max(len(name), len(other))) or (distance == 1 and _is_swapped(name, other))
        ):
            best, least = other, distance
    return best


def _tolerance(length: int) -> int:
    """How many slips still make it the same word: none in three letters, two from eight on."""
    return 0 if length < 4 else 1 if length < 8 else 2


def _is_swapped(one: str, other: str) -> bool:
    """Whether two words have the same letters: a swap of neighbours is a slip in three letters too, as in `ulr`."""
    return sorted(one) == sorted(other)


def _distance(one: str, other: str) -> int:
    """How many letters were added, left out, changed, or swapped with their neighbour (optimal string alignment)."""
    # More than two slips are not taken for the same word, so nothing is counted for these.
    if abs(len(one) - len(other)) > 2 or len(one) > _LONGEST:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if last and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def misspelt_keys(model: type[DocumentPart], raw: Json, at: Keys = ()) -> Iterator[tuple[Keys, str, str, Json]]:
    """Every misspelt key of `raw` as a document of `model`: where its object is, the key, what was meant, its value."""
    if not isinstance(raw, Mapping):
        return
    declared = model.declared
    known = {key.spelling: declared.annotations[attribute] for attribute, key in declared.keys.items()}
    more = _MORE_KEYS.get(model.__name__, frozenset())
    spellings = (*known, *sorted(more))
    # A key that is missing is the more likely one that was meant.
    missing, there = ([key for key in spellings if (key in raw) is had] for had in (False, True))
    for key, value in raw.items():
        if key in known:
            yield from _within(known[key], value, (*at, key), raw)
        elif isinstance(key, str) and key not in more and (meant := typo_of(key, missing) or typo_of(key, there)):
            yield at, key, meant, value


def _within(
    annotation: Annotation, value: Json, at: Keys, parent: Mapping[str, Json]
) -> Iterator[tuple[Keys, str, str, Json]]:
    candidates = list(kinds_in(annotation))
    if not candidates:
        return
    if isinstance(value, list):
        entries: Iterable[tuple[str | int, Json]] = enumerate(value)
    elif isinstance(value, Mapping) and _is_mapping(annotation):
        entries = [(str(key), entry) for key, entry in value.items()]
    else:
        yield from misspelt_keys(candidates[0], value, at)
        return
    for key, entry in entries:
        model = candidates[0] if len(candidates) == 1 else _part_model(annotation, entry, parent)
        yield from misspelt_keys(model, entry, (*at, key))


def _part_model(annotation: Annotation, entry: Json, parent: Mapping[str, Json]) -> type[DocumentPart]:
    told = next(told_in(annotation))
    return next(kinds_in(told.kinds[told.by(entry, parent)]))


def _is_mapping(annotation: Annotation) -> bool:
    return any(typing.get_origin(a) is dict for a in (annotation, *typing.get_args(annotation)))
