"""Plans: made once for a message that is checked and then built."""

from __future__ import annotations

import pickle

from concurrent.futures import ThreadPoolExecutor

from mailcore import Message
from mailcore.sending import Planner


def message(subject):
    """A message."""
    return Message(from_email="a@example.com", to=["b@example.net"], subject=subject, text="Hi")


def test_a_plan_is_made_once_for_a_message():
    """For the same object; an equal one may be another message tomorrow."""
    made = []
    plan_of = Planner(lambda each: made.append(each.subject) or object())
    first, equal = message("one"), message("one")

    assert plan_of(first) is plan_of(first)
    assert plan_of(equal) is not plan_of(first)
    assert ["one", "one", "one"] == made


def test_a_plan_goes_with_its_message():
    """Neither of them is kept."""
    kept = []

    class Plan:
        def __del__(self):
            kept.append("gone")

    plan_of = Planner(lambda each: Plan())
    plan_of(message("one"))

    assert ["gone"] == kept


def test_threads_never_get_the_plan_of_another_message():
    """Whichever of them comes between."""
    plan_of = Planner(lambda each: each.subject)
    messages = [message(str(number)) for number in range(8)] * 50

    with ThreadPoolExecutor(4) as pool:
        assert [each.subject for each in messages] == list(pool.map(plan_of, messages))


def subject_of(each):
    """A plan."""
    return each.subject


def test_a_planner_travels_without_its_plans():
    """As a provider does that is sent to another process."""
    plan_of = Planner(subject_of)
    plan_of(message("one"))

    assert "two" == pickle.loads(pickle.dumps(plan_of))(message("two"))
