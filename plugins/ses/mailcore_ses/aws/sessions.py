"""
Sessions of AWS's library, one for all who would make the same: making one takes 30 milliseconds.

What a session finds out (a profile, credentials, a region) it keeps. So it is shared only as long
as nothing of what it looks at has changed: the process, the variables of the environment, the files
of AWS, and what others hooked into botocore, such as moto's mock.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


# Held while anything is imported or made, and while this process forks: so that a child finds it
# free, and nothing half-made.
making = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=making.acquire,
        after_in_parent=making.release,
        after_in_child=making.release,
    )

MAX_SESSIONS = 16
"""How many sessions are kept at once; the one that was not asked for longest goes."""

# What botocore 1.44 reads beside the variables AWS_*: the home directory, and a file of boto 2.
_OTHER_VARIABLES = ("HOME", "USERPROFILE", "BOTO_CONFIG")
_FILES = (
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ("BOTO_CONFIG", "~/.boto"),
    ("", "/etc/boto.cfg"),
)

_kept: dict[bytes, Any] = {}
_process_id = os.getpid()
# Those of a parent: to let them go would take locks that its threads may hold.
_inherited: list[dict[bytes, Any]] = []


def shared_session(make: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """
    A session that was made with the same parameters in the same surroundings, or a new one.

    Args:
        make: The class of the session, boto3's or botocore's.
        parameters: What it is made with. One that is neither text nor None makes a session that
            nobody shares.
    """
    global _kept, _process_id  # one of a process is what this is about
    if not all(value is None or isinstance(value, str) for value in parameters.values()):
        return make(**parameters)
    with making:
        if _process_id != os.getpid():
            _inherited.append(_kept)
            _kept, _process_id = {}, os.getpid()
        key = _key(make, parameters)
        session = _kept.pop(key, None)
        if session is None:
            session = make(**parameters)
        _kept[key] = session
        while len(_kept) > MAX_SESSIONS:
            del _kept[next(iter(_kept))]
    return session


def _key(make: Callable[..., Any], parameters: Mapping[str, Any]) -> bytes:
    """A digest, since secrets are among what it is made of."""
    environ = os.environ
    variables = [
        (name, value)
        for name, value in environ.items()
        if name.startswith("AWS_") or name in _OTHER_VARIABLES
    ]
    files = [_state_of(environ.get(variable) or path) for variable, path in _FILES]
    # Each class is kept with its session, so that its id is nobody else's meanwhile.
    parts = (sorted(parameters.items()), sorted(variables), files, id(make), _hooks())
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).digest()


def _state_of(path: str) -> tuple[int, ...] | None:
    try:
        found = Path(path).expanduser().stat()
    except (OSError, RuntimeError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _hooks() -> list[int]:
    """What others put among botocore's handlers, which a session takes over when it is made."""
    module: Any = sys.modules.get("botocore.handlers")
    return [id(each[1]) for each in getattr(module, "BUILTIN_HANDLERS", ()) if len(each) > 1]
