"""Properties that are computed once, without a lock that a fork could leave behind."""

from __future__ import annotations

import functools

from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    cached_property = functools.cached_property
else:

    class cached_property(functools.cached_property):  # noqa: N801 - named as what it replaces
        """
        What Python 3.12 has under this name: computed when it is first asked for, and kept.

        Before 3.12, one lock was held for all objects of a class while any of them was computed
        (https://docs.python.org/3/library/functools.html, read 2026-11-30):
        threads waited for each other, and the child of a fork for a thread that it does not have.
        Threads that ask at once may compute it twice; all get the value that was there first.
        """

        def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
            """The value, computed and kept in the object."""
            if instance is None:
                return self
            found = instance.__dict__.get(self.attrname, self)
            if found is not self:
                return found
            return instance.__dict__.setdefault(self.attrname, self.func(instance))
