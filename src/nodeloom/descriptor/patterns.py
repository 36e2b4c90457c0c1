"""JavaScript regular expressions out of descriptors (`_cnd.regex`, `extractValue`, `pattern` of a schema).

A descriptor's pattern is JavaScript's, which Python's `re` reads differently in dozens of places (`\\d`, `$`,
`(?<name>…)`, `\\u{…}`, `[^]`), and it may backtrack for ever. QuickJS runs it, under a limit on time and memory; it
is imported when the first pattern is met, for few descriptors have one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from nodeloom import javascript
from nodeloom.errors import DescriptorError, preview

if TYPE_CHECKING:
    from nodeloom.descriptor.models import PropertyDescriptor

# Seconds of processor time for one match; a sound pattern takes microseconds.
TIME_LIMIT = 0.5
_MEMORY_LIMIT = 32 * 1024 * 1024

_MATCHER = """(pattern, text, flags) => {
  let expression, why;
  for (const flag of JSON.parse(flags)) {
    try { expression = new RegExp(JSON.parse(pattern), flag); break; }
    catch (fault) { why = fault.message; }
  }
  if (expression === undefined) return JSON.stringify({ fault: why });
  return JSON.stringify({ found: expression.exec(JSON.parse(text)) });
}"""
# JSON Schema asks for Unicode's meaning (2020-12, section 6.4), which fewer patterns have than JavaScript's older one.
_FLAGS = {False: '[""]', True: '["u", ""]'}

# A context of QuickJS may be used by the thread that made it only.
_local = threading.local()


def search(pattern: str, text: str, *, unicode: bool = False) -> list[str | None] | None:
    """The first match of a JavaScript pattern in `text`: the whole of it, then its groups; None if it does not match.

    A group that took no part is None. With `unicode` the pattern is read with the flag `u` if that can be, so that
    `\\p{L}` is a letter and a surrogate pair one character. Raises DescriptorError when the pattern is not a JavaScript
    regular expression, or does not come to an end; JavaScriptDisabledError where JavaScript, which runs it, is switched
    off.
    """
    javascript.require(f"The pattern {preview(pattern)}")
    from _quickjs import JSException  # type: ignore[import-not-found]  # the extension has no stubs

    try:
        answer = json.loads(_matcher()(json.dumps(pattern), json.dumps(text), _FLAGS[unicode]))
    except JSException as fault:
        # The engine may be left in any state by an interrupt; the next pattern gets a new one.
        del _local.matcher
        raise DescriptorError(
            f"The pattern did not come to an end within {TIME_LIMIT} s: {preview(str(fault).splitlines()[0])}.",
            value=pattern,
            hint="Write it without a repetition inside a repetition, such as (a+)+.",
        ) from None
    if "fault" in answer:
        raise DescriptorError(
            f"The pattern is not a JavaScript regular expression: {answer['fault']}.",
            value=pattern,
            hint="Mend it; it stands without the slashes around it.",
        )
    found: list[str | None] | None = answer["found"]
    return found


def refuse_patterns(properties: Iterable[PropertyDescriptor], values: Mapping[str, object]) -> None:
    """Raise JavaScriptDisabledError when a value goes through `extractValue`, and JavaScript is switched off."""
    for prop in properties:
        if prop.name not in values:
            continue
        value, rules = values[prop.name], [prop.extract_value]
        if isinstance(value, Mapping):
            rules += [mode.extract_value for mode in prop.modes or () if mode.name == value.get("mode")]
        if any(isinstance(rule, Mapping) and rule.get("type") == "regex" for rule in rules):
            javascript.require(f"The pattern of {prop.label}", property=prop.label)


def _matcher() -> Callable[[str, str, str], str]:
    """This thread's matcher: a QuickJS context belongs to the thread that made it."""
    matcher: Callable[[str, str, str], str] | None = getattr(_local, "matcher", None)
    if matcher is None:
        from _quickjs import Context

        context = Context()
        context.set_memory_limit(_MEMORY_LIMIT)
        context.set_time_limit(TIME_LIMIT)
        matcher = _local.matcher = context.eval(_MATCHER)
        _local.context = context
    return matcher
