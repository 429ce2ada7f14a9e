"""Sending to the local SparkPost: mails, answers, errors."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
import requests

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore_local.faces import FaceSettings
from mailcore_local.jinja_subset import TemplateError
from mailcore_local.sparkpost.merging import merged


ADA, BOB = "ada@example.net", "bob@example.net"


def mails(local):
    """The accepted mails, the first one first."""
    return [local.mails.get(each.id) for each in reversed(local.mails.list())]


def test_everybody_gets_an_own_mail(local, send):
    """One id for all; To shows whom the copy goes to, data and metadata are the recipient's."""
    answer = send(
        {"address": {"email": ADA, "name": "Ädä"}, "substitution_data": {"name": "Ada"}},
        {"address": BOB, "metadata": {"name": "Bob", "n": 2}, "tags": ["a"]},
        subject="Hi {{name}}",
        html="<p>{{name}} {{email}}</p>",
        **{"from": {"email": "shop@example.com", "name": "Büro"}},
        top={"campaign_id": "welcome", "metadata": {"n": 1}, "substitution_data": {"name": "all"}},
    )

    results = answer["results"]
    assert (0, 2) == (results["total_rejected_recipients"], results["total_accepted_recipients"])
    ada, bob = mails(local)
    assert ("Hi Ada", f"<p>Ada {ADA}</p>", "Hi Bob") == (ada.subject, ada.html, bob.subject)
    assert {results["id"]} == {m.recipients[0].message_id for m in (ada, bob)}
    assert [("Ädä", ADA)] == [(to.display_name, to.addr_spec) for to in ada.parsed.to]
    assert ({"n": "1"}, {"name": "Bob", "n": "2"}) == (dict(ada.metadata), dict(bob.metadata))
    assert (("welcome",), "Büro <shop@example.com>") == (ada.tags, ada.from_email)
    assert "(hidden)" == dict(ada.request.headers)["authorization"]


def test_what_is_kept_of_a_call_to_many(local, send):
    """Of each mail its own recipients; files stand in the first one."""
    send(ADA, BOB, attachments=[FILE])

    kept = [json.loads(mail.request.body) for mail in mails(local)]
    assert [[{"address": ADA}], [{"address": BOB}]] == [each["recipients"] for each in kept]
    assert [True, False] == ["attachments" in each["content"] for each in kept]


def test_copies(local, send):
    """With `header_to` all get the same mail: Cc is who stands in the header, Bcc who does not."""
    header_to = f"{ADA}, {BOB}"
    entries = [
        {"address": {"email": each, "header_to": header_to}}
        for each in (ADA, BOB, "c@example.net", "hidden@example.net")
    ]
    send(*entries, headers={"CC": "c@example.net"}, reply_to="r@example.com")

    (mail,) = mails(local)
    assert (header_to.split(", "), ["c@example.net"], ["hidden@example.net"]) == (
        list(mail.to),
        list(mail.cc),
        list(mail.bcc),
    )
    assert 4 == len(mail.recipients)
    assert ["r@example.com"] == [each.addr_spec for each in mail.parsed.reply_to]


def test_files(local, send):
    """Attachments and inline images are in the mail."""
    data = base64.b64encode(b"octets").decode()
    send(
        ADA,
        html='<img src="cid:logo">',
        attachments=[{"name": "é.pdf", "type": "application/pdf", "data": data}],
        inline_images=[{"name": "logo", "type": "image/png", "data": data}],
    )

    parsed = local.latest().parsed
    assert [("é.pdf", b"octets")] == [(p.filename, p.content) for p in parsed.attachments]
    assert [("logo", b"octets")] == [(p.content_id, p.content) for p in parsed.inlines]


def test_a_whole_mail(local, send):
    """It is filled in, its lines end as they must, and its headers say who it is from."""
    raw = "From: Ada <a@example.com>\nTo: {{address.email}}\nSubject: Raw\n\nHi {{name}}\n"
    send({"address": BOB, "substitution_data": {"name": "Bob"}}, email_rfc822=raw)

    mail = local.latest()
    assert ("Raw", "Ada <a@example.com>", (BOB,)) == (mail.subject, mail.from_email, mail.to)
    assert b"\r\n\r\nHi Bob\r\n" in mail.raw


def test_nothing_is_filled_in(local, send):
    """Without substitutions bodies stay as they are; headers are filled in all the same."""
    top = {"options": {"perform_substitutions": False}, "substitution_data": {"x": "1"}}
    send(ADA, subject="{{x}}", text="{{x}}", top=top)

    assert ("1", "{{x}}") == (local.latest().subject, local.latest().text)


def test_templates(local, call, send):
    """A stored template is sent when it is published; the draft when it is asked for."""
    content = {"from": "t@example.com", "subject": "Hi {{n}}", "text": "x"}
    assert (200, {"results": {"id": "hello"}}) == call(
        "POST", "/templates", {"id": "hello", "name": "Hello", "content": content}
    )
    document = {"content": {"template_id": "hello"}, "recipients": [{"address": ADA}]}
    early = call("POST", "/transmissions", document)
    call("PUT", "/templates/hello", {"published": True})
    document["substitution_data"] = {"n": 7}
    assert 200 == call("POST", "/transmissions", document)[0]

    assert (422, "2005") == (early[0], early[1]["errors"][0]["code"])
    assert ("Hi 7", "t@example.com") == (local.latest().subject, local.latest().envelope_sender)
    document["content"]["text"] = "own"
    assert "1301" == call("POST", "/transmissions", document)[1]["errors"][0]["code"]
    assert ["hello"] == [each["id"] for each in call("GET", "/templates")[1]["results"]]
    assert content == call("GET", "/templates/hello")[1]["results"]["content"]
    assert 200 == call("DELETE", "/templates/hello")[0]
    assert (404, "1600") == (
        (gone := call("GET", "/templates/hello"))[0],
        gone[1]["errors"][0]["code"],
    )
    broken = {"id": "x", "content": {**content, "text": "{{if x}}"}}
    assert "3000" == call("POST", "/templates", broken)[1]["errors"][0]["code"]


def test_a_content_that_cannot_be_filled_in(local, webhook, send):
    """It is accepted, and then told of as a generation failure."""
    send(ADA, text="{{if x}}")
    local.hub.wait_for_posts(1, 30)

    assert "failed" == local.latest().recipients[0].state
    (event,) = webhook.received[0].json
    assert "generation_failure" == event["msys"]["gen_event"]["type"]
    assert "not closed" in event["msys"]["gen_event"]["reason"]


def test_some_recipients_are_refused(call):
    """The others get their mail; the errors are as many as were asked for."""
    recipients = [{"address": ADA}, {"address": {"name": "x"}}, {"address": "no"}, {}]
    content = {"from": "a@example.com", "subject": "s", "text": "t"}
    document = {"content": content, "recipients": recipients}
    status, answer = call("POST", "/transmissions", document)
    _, fewer = call("POST", "/transmissions?num_rcpt_errors=1", document)

    assert (200, "2000") == (status, answer["errors"][0]["code"])
    results = answer["results"]
    assert (3, 1) == (results["total_rejected_recipients"], results["total_accepted_recipients"])
    assert ["1400", "1300", "1400"] == [each["code"] for each in results["rcpt_to_errors"]]
    assert 1 == len(fewer["results"]["rcpt_to_errors"])


CONTENT = {"from": "a@example.com", "subject": "s", "text": "t"}
FILE = {"name": "a", "type": "a/b", "data": "AAEC"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"recipients": None}, 422, "1400"),
        ({"recipients": []}, 400, "5002"),
        ({"recipients": [{"address": "no"}]}, 400, "5002"),
        ({"recipients": {"list_id": "x"}}, 404, "1600"),
        ({"recipients": "x"}, 422, "1300"),
        ({"content": None}, 422, "1400"),
        ({"content": {"subject": "s", "text": "t"}}, 422, "1400"),
        ({"content": {**CONTENT, "text": ""}}, 422, "1400"),
        ({"content": {**CONTENT, "subject": 7}}, 422, "1300"),
        ({"content": {**CONTENT, "from": "no"}}, 400, "7001"),
        ({"content": {**CONTENT, "headers": {"To": "x"}}}, 422, "3002"),
        ({"content": {**CONTENT, "headers": {"CC": ""}}}, 422, "3002"),
        ({"content": {**CONTENT, "headers": {"X-A": ["x"]}}}, 422, "1300"),
        ({"content": {**CONTENT, "attachments": [{**FILE, "data": "AA\r\nEC"}]}}, 422, "1300"),
        ({"content": {**CONTENT, "attachments": [{**FILE, "name": "é" * 128}]}}, 422, "1300"),
        ({"content": {**CONTENT, "inline_images": [FILE, FILE]}}, 422, "1300"),
        ({"content": {"template_id": "gone"}}, 404, "1600"),
        ({"content": {"ab_test_id": "gone"}}, 404, "1600"),
        ({"campaign_id": "x" * 65}, 422, "1300"),
        ({"options": {"sandbox": True}}, 422, "2106"),
        ({"options": {"start_time": "tomorrow"}}, 422, "1300"),
        ({"options": {"start_time": "2099-01-01T00:00:00+00:00"}}, 422, "1300"),
        ({"metadata": {"x": "y" * 11_000}}, 422, "1300"),
        ({"substitution_data": {"x": "y" * 110_000}}, 400, "5002"),
    ],
)
def test_what_is_no_transmission(call, local, change, status, code):
    """Each has a code of SparkPost's, and nothing is sent."""
    document = {"content": CONTENT, "recipients": [{"address": ADA}], **change}
    found, answer = call("POST", "/transmissions", document)

    assert (status, code) == (found, answer["errors"][0]["code"])
    assert 0 == len(local.mails)


def test_keys_and_methods(local, call):
    """Without a key 401, with another one 403, both without a code; a key may be a user name."""
    local.hub.face("sparkpost").settings = FaceSettings(api_key="good")
    basic = "Basic " + base64.b64encode(b"good:").decode()
    found = [call("GET", "/account", key=key) for key in ("", "bad", "good", basic, "Basic ?")]

    assert [401, 403, 200, 200, 401] == [status for status, _ in found]
    assert {"errors": [{"message": "Unauthorized."}]} == found[0][1]
    assert 405 == call("PATCH", "/account", key="good")[0]
    assert (404, "1600") == (
        (gone := call("DELETE", "/transmissions/123", key="good"))[0],
        gone[1]["errors"][0]["code"],
    )
    assert 204 == call("DELETE", "/transmissions?campaign_id=x", key="good")[0]


def test_faults(local, call):
    """Limits and outages have SparkPost's form."""
    local.hub.faults("sparkpost").script("throttle", "quota", "error500", "error503")
    document = {"content": CONTENT, "recipients": [{"address": ADA}]}
    found = [call("POST", "/transmissions", document) for _ in range(4)]

    assert [(429, None), (420, "2101"), (500, "1500"), (503, "1900")] == [
        (status, answer["errors"][0].get("code")) for status, answer in found
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "content",
        "recipients",
        "options",
        "metadata",
        "substitution_data",
        "from",
        "text",
        "html",
        "subject",
        "headers",
        "address",
        "email",
        "name",
        "header_to",
        "email_rfc822",
        "template_id",
        "attachments",
        "inline_images",
        "reply_to",
        "amp_html",
        "return_path",
        "type",
        "id",
    ]
)
FIELDS = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=3), max_size=4)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=JSON | FIELDS, content=FIELDS, entry=JSON | FIELDS)
def test_hostile_requests(call, document, content, entry):
    """Whatever stands in a request, the answer is a success or an error of the client."""
    whole = {"content": {**CONTENT, **content}, "recipients": [{"address": ADA}, entry]}
    with contextlib.suppress(requests.exceptions.InvalidJSONError):
        for method, path, given_document in [
            ("POST", "/transmissions", document),
            ("POST", "/transmissions", whole),
            ("POST", "/templates", content),
            ("PUT", "/suppression-list", {"recipients": [entry]}),
            ("PUT", "/suppression-list/a@b", document),
            ("DELETE", "/suppression-list/a@b", document),
        ]:
            status, _ = call(method, path, given_document)
            assert status < 500


@pytest.mark.parametrize("body", [b"{", b"\xff", b'"x"', b"[" * 99_999, b'{"a": NaN}'])
def test_bodies_that_are_no_document(local, body):
    """They are refused as such; so is a form."""
    url = f"{local.face_url('sparkpost')}/api/v1/transmissions"
    headers = {"Authorization": "k", "Content-Type": "application/json"}
    answer = requests.post(url, data=body, headers=headers, timeout=30)
    form = requests.post(url, data={"a": "b"}, headers={"Authorization": "k"}, timeout=30)

    assert (422, "1300") == (answer.status_code, answer.json()["errors"][0]["code"])
    assert (415, "1700") == (form.status_code, form.json()["errors"][0]["code"])


DATA = {
    "name": "Jane",
    "age": 31,
    "none": None,
    "address": {"city": "Köln", "state": "MD"},
    "part": "city",
    "html": "<b>&</b>",
    "list": ["x", "y"],
    "cart": [
        {"name": "Jacket", "price": 39.99, "in": [{"k": 1}]},
        {"name": "Gloves", "price": 5.0},
    ],
    "dynamic_html": {"chunk": "<i>{{name}}</i>"},
    "is": "a word of Jinja2's",
}
NESTED = (
    "{{each cart}}{{loop_vars.cart.name}}"
    "{{each loop_vars.cart.in}}{{loop_vars.in.k}}{{end}};{{end}}"
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ name }} {{none}}{{gone}}{{ gone or 'Customer' }}", "Jane Customer"),
        ("{{address.city}} {{address['city']}} {{address[part]}}", "Köln Köln Köln"),
        ("{{html}} {{{html}}}", "&lt;b&gt;&amp;&lt;/b&gt; <b>&</b>"),
        ('a\n{{ if address.state == "MD" }}\nb\n{{ end }}\nc', "a\nb\nc"),
        ("{{if age > 30 and not gone then}}old{{elseif age}}x{{else}}y{{end}}", "old"),
        ("{{if age ~= 31}}x{{else}}y{{end}}{{if age != 30}}z{{end}}", "yz"),
        ("{{#list}}", "2"),
        ("{{each list}}{{loop_index}}{{loop_var}};{{end}}", "1x;2y;"),
        ("{{each cart}}{{loop_var.name}} {{loop_var.price}};{{end}}", "Jacket 39.99;Gloves 5;"),
        (NESTED, "Jacket1;Gloves;"),
        ("{{ cart[1].name }} {{list[2]}}{{list[0]}}", "Jacket y"),
        ("{{if not empty(list)}}a{{end}}{{if empty(gone)}}b{{end}}", "ab"),
        ("{{ opening_double_curly() }}x{{closing_triple_curly()}}", "{{x}}}"),
        ("{{ render_dynamic_content(dynamic_html.chunk) }}", "<i>Jane</i>"),
        ("{{each gone}}x{{end}}.", "."),
        ("{{{is}}}{{nil}}{{gone.none}}", "a word of Jinja2's"),
        ("{{ 'it is {{' or name }}", "it is {{"),
    ],
)  # fmt: skip
def test_the_template_language(source, text):
    """By the examples of https://developers.sparkpost.com/api/template-language/ (2026-11-30)."""
    assert text == merged(source, DATA, is_html=True)


@pytest.mark.parametrize(
    "source",
    [
        "{{if x}}",
        "{{end}}",
        "{{else}}",
        "{{each x}}{{else}}{{end}}",
        "{{ x",
        "{{}}",
        "{{a b}}",
        "{{f(x)}}",
        "{{a + b}}",
        "{{a | upper}}",
        "{{if a > list}}{{end}}",
    ],
)
def test_what_the_language_has_not(source):
    """It is refused with a sentence."""
    with pytest.raises(TemplateError):
        merged(source, {"a": 1, "list": []}, is_html=False)


@given(st.text("{}#'\"[]().|~=<>ab1 ifeachnd\n", max_size=40))
def test_any_template(source):
    """Whatever the source is, there is a text or an error of the template."""
    with contextlib.suppress(TemplateError):
        assert isinstance(merged(source, DATA, is_html=True), str)
