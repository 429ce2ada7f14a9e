"""An immutable dict for values that travel: hashable, picklable, plain to ``json.dumps``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar


K = TypeVar("K")
V = TypeVar("V")

_UNCHANGING = frozenset({str, int, float, bool, type(None)})


class FrozenDict(dict[K, V]):
    """A dict that cannot change: every way to do so raises TypeError."""

    __slots__ = ()

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is immutable: use dict(value) to get a copy")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]  # dict says None
        return hash(frozenset(self.items()))

    def __copy__(self) -> FrozenDict[K, V]:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> FrozenDict[K, V]:
        return self

    def __reduce__(self) -> tuple[type[FrozenDict[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)


def freeze(value: Any) -> Any:
    """Copy nested mappings and sequences into immutable ones; leave other values alone."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value
    # Whether something is a Mapping takes longer to find out than all the rest.
    if kind is dict or isinstance(value, Mapping):
        # Metadata is flat, mostly: to find that out takes half the time of freezing each value
        # (benchmarks/webhooks.py).
        if _UNCHANGING.issuperset(map(type, value.values())):
            return FrozenDict(value)
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple([freeze(item) for item in value])
    return value


def thaw(value: Any) -> Any:
    """Copy nested immutable values into plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [thaw(item) for item in value]
    return value
