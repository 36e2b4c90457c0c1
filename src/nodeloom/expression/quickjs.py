"""The binding to QuickJS.

Import it only in the function that uses it: loading it takes longer than loading all the rest of `nodeloom.expression`.

`_quickjs` is used rather than the package `quickjs`, which starts a thread pool for a class that nothing here
needs.
"""

from __future__ import annotations

from _quickjs import Context, JSException, StackOverflow  # type: ignore[import-not-found]  # the extension has no stubs

__all__ = ["Context", "JSException", "StackOverflow"]
