from __future__ import annotations

import copy
import json
import pickle

import pytest

from mailcore.foundation import FrozenDict, freeze, thaw


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.__setitem__("a", 2),
        lambda d: d.__delitem__("a"),
        lambda d: d.clear(),
        lambda d: d.pop("a"),
        lambda d: d.popitem(),
        lambda d: d.setdefault("b", 1),
        lambda d: d.update(a=2),
        lambda d: d.__ior__({"a": 2}),
    ],
)
def test_cannot_change(change):
    """Every way to change a dict is closed, and says what to do."""
    frozen = FrozenDict(a=1)

    with pytest.raises(TypeError, match="immutable: use dict"):
        change(frozen)
    assert {"a": 1} == frozen


def test_is_a_dict_to_everything_else():
    """It equals a dict, is JSON, can be a key, and travels."""
    frozen = FrozenDict(a=1, b=FrozenDict(c=(1, 2)))

    assert {"a": 1, "b": {"c": (1, 2)}} == frozen
    assert '{"a": 1, "b": {"c": [1, 2]}}' == json.dumps(frozen)
    assert hash(frozen) == hash(FrozenDict(b=FrozenDict(c=(1, 2)), a=1))
    assert frozen == pickle.loads(pickle.dumps(frozen))
    assert FrozenDict is type(pickle.loads(pickle.dumps(frozen)))
    assert frozen is copy.deepcopy(frozen)
    assert {"a": 2, "b": {"c": (1, 2)}} == {**frozen, "a": 2}


def test_freeze_reaches_every_level():
    """Nested mappings and lists are copied, also those inside a FrozenDict."""
    inner = [1, {"x": [2]}]
    frozen = freeze(FrozenDict(a=inner))
    inner.append(3)

    assert {"a": (1, {"x": (2,)})} == frozen
    assert hash(frozen)


def test_thaw_undoes_freeze():
    """Plain dicts and lists come back."""
    plain = {"a": [1, {"x": [2, None]}], "b": "text"}

    assert plain == thaw(freeze(plain))
