"""How much C stack JavaScript may use on a thread.

QuickJS counts the stack it uses from where it was called, and ends a recursion with an error of the code. For that to
come before the end of the thread's stack, it has to be told how much there is: the main thread has what `ulimit -s`
grants, another one what it was made with, which nothing in Python tells.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

#: What JavaScript is given at most, and the least that it can do its work with.
MOST = 1024 * 1024
LEAST = 256 * 1024
#: A main thread that may use so much has enough, however deep it is in calls.
_AMPLE = 4 * 1024 * 1024
#: What a thread has if the system does not say: macOS gives new ones the least of all systems.
_UNKNOWN = 512 * 1024
#: The size of new threads' stacks is a setting of the whole process.
_starting = threading.Lock()
# The size of a structure of the C library, and more.
_ATTRIBUTES = 512


def stack_size() -> int | None:
    """Bytes of C stack that JavaScript may use on this thread; None if that is not enough for it.

    It is half of what the thread has left: the other half is for calls that go deeper before they evaluate something,
    and for what QuickJS needs beyond its count.
    """
    size = min(MOST, _room() // 2)
    return size if size >= LEAST else None


def thread_with_stack() -> ThreadPoolExecutor:
    """A thread on which JavaScript may use `MOST` bytes of stack. It runs already, and ends when it is let go."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1, "nodeloom-javascript")
    with _starting:
        before = threading.stack_size(2 * MOST)
        try:
            pool.submit(threading.get_ident).result()
        finally:
            threading.stack_size(before)
    return pool


def _room() -> int:
    """Bytes that this thread's stack has left, roughly."""
    if sys.platform == "win32":
        return _without_system()
    import resource

    if sys.platform == "linux" and threading.get_native_id() == os.getpid():
        granted, _ = resource.getrlimit(resource.RLIMIT_STACK)
        if granted == resource.RLIM_INFINITY or granted >= _AMPLE:
            return _AMPLE
    try:
        return _measure()
    except (ImportError, AttributeError, OSError):
        return _without_system()


def _without_system() -> int:
    """What can be said without asking the system."""
    if threading.current_thread() is threading.main_thread():
        return _AMPLE if sys.platform in ("win32", "darwin") else 0
    configured = threading.stack_size()
    return configured or (_UNKNOWN if sys.platform in ("win32", "darwin") else 0)


def _measure() -> int:
    """Ask the C library where the stack ends, and find out where in it this call is.

    Raises:
        ImportError: this Python has no ctypes.
        AttributeError: the C library has no such functions.
        OSError: it does not know, or its answer cannot be right.
    """
    import ctypes

    # With Python's lock held: `dl_iterate_phdr` has a lock of the C library, and a child that another thread forks
    # meanwhile would wait for it for ever.
    library = ctypes.PyDLL(None)
    library.pthread_self.restype = ctypes.c_void_p
    thread = ctypes.c_void_p(library.pthread_self())
    if sys.platform == "darwin":
        library.pthread_get_stacksize_np.restype = ctypes.c_size_t
        return int(library.pthread_get_stacksize_np(thread))
    attributes = ctypes.create_string_buffer(_ATTRIBUTES)
    if library.pthread_getattr_np(thread, attributes):
        raise OSError("the stack of this thread is not known")
    low, size = ctypes.c_void_p(), ctypes.c_size_t()
    library.pthread_attr_getstack(attributes, ctypes.byref(low), ctypes.byref(size))
    library.pthread_attr_destroy(attributes)
    # The structure this function is given stands in its caller's frame.
    places: list[int] = []

    def visit(place: int, _size: int, _data: object) -> int:
        places.append(place)
        return 1

    visitor = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    library.dl_iterate_phdr(visitor(visit), None)
    room = places[0] - (low.value or 0)
    if not 0 < room <= size.value:
        raise OSError("the place in this thread's stack is not known")
    return room
