"""Many mails in few calls: packed, joined, and written when they are looked at."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mailcore import HttpRequest, RecipientStatus, SendStatus
from mailcore.sending import JsonCall, LazyRequests, combined_calls, joined_request, keep_likelier


CALLS = st.builds(
    JsonCall,
    max_items=st.integers(1, 5),
    max_bytes=st.integers(30, 80),
    name=st.sampled_from(["", "Messages", 'quo"te']),
)


@given(CALLS, st.lists(st.integers(0, 60), max_size=20))
def test_everything_is_packed_once_within_the_limits(call, lengths):
    """In its order; what is too large is alone; no call could take the next one too."""
    objects = [json.dumps("x" * length).encode() for length in lengths]
    places = list(call.packed(map(len, objects)))

    assert list(range(len(objects))) == [at for place in places for at in place]
    for place in places:
        body = call.joined(objects[at] for at in place)
        assert len(place) <= call.max_items
        # A comma for the last one is counted as well.
        assert len(body) <= call.max_bytes or len(place) == 1
        if place.stop < len(objects) and len(place) < call.max_items:
            more = call.joined(objects[at] for at in (*place, place.stop))
            assert len(more) + 1 > call.max_bytes


@given(CALLS, st.lists(st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), max_size=4))
def test_a_joined_body_is_the_json_of_all(call, items):
    """An array, or an object with it under its name."""
    body = json.loads(call.joined(json.dumps(item).encode() for item in items))

    assert (items if not call.name else {call.name: items}) == body


def test_what_stands_beside_the_objects():
    """It is part of the object and of its size, and no part of what another call takes."""
    call = JsonCall(max_items=2, max_bytes=45, name="mails", beside=b'"dryRun": true')
    objects = [b'{"a": 1}', b'{"b": 2}']

    body = call.joined(objects)

    assert {"dryRun": True, "mails": [{"a": 1}, {"b": 2}]} == json.loads(body)
    assert b'{"a": 1},{"b": 2}' == call.within(body)
    assert body == call.joined([call.within(call.joined([each])) for each in objects])
    assert [range(2)] == list(call.packed([8, 8]))
    assert [range(1), range(1, 2)] == list(call.packed([8, 9]))


@given(st.lists(st.sampled_from(["a", "b", None]), max_size=12), st.integers(1, 4))
def test_requests_are_combined_by_their_key(keys, max_items):
    """Each stands in one call, in order; those without a key stay alone."""
    requests = [
        HttpRequest(
            method="POST", url=f"https://example.com/{key}", body=b"%d" % at, recipients=(f"r{at}",)
        )
        for at, key in enumerate(keys)
    ]
    call = JsonCall(max_items=max_items, max_bytes=1000)

    calls = combined_calls(
        requests,
        key_of=lambda request: None if request.url.endswith("None") else request.url,
        call_of=lambda key: call,
        join=lambda some: joined_request(
            some[0].url, some, call.joined(request.body for request in some)
        ),
    )

    assert list(range(len(keys))) == sorted(at for one in calls for at in one.positions)
    assert calls == sorted(calls, key=lambda one: one.positions)
    for one in calls:
        assert len({keys[at] for at in one.positions}) == 1
        assert tuple(f"r{at}" for at in one.positions) == one.request.recipients
        if len(one.positions) == 1:
            assert requests[one.positions[0]] is one.request
        else:
            assert list(one.positions) == json.loads(one.request.body)
            assert None not in {keys[at] for at in one.positions}


def test_lazy_requests_are_written_when_they_are_looked_at():
    """Each time anew, slices too; positions count from both ends."""
    written = []
    requests = LazyRequests(range(5), lambda at: written.append(at) or f"request {at}")

    part = requests[1:4]
    assert ([], 3) == (written, len(part))
    assert ["request 1", "request 2", "request 3"] == list(part)
    assert ("request 4", "request 3") == (requests[-1], part[-1])
    assert [1, 2, 3, 4, 3] == written
    assert "<LazyRequests: 5 requests>" == repr(requests)


def test_of_two_statuses_the_likelier_to_be_on_its_way_stays():
    """Accepted before unknown, and unknown before refused; of equals the first."""
    refused = RecipientStatus(SendStatus.REJECTED)
    unknown = RecipientStatus(SendStatus.UNKNOWN, maybe_accepted=True)
    queued = RecipientStatus(SendStatus.QUEUED, message_id="1")
    again = RecipientStatus(SendStatus.QUEUED, message_id="2")
    found = {}
    kept = []
    for status in (refused, unknown, refused, queued, again, unknown):
        keep_likelier(found, {"a@example.com": status})
        kept.append(found["a@example.com"])

    assert [refused, unknown, unknown, queued, queued, queued] == kept
