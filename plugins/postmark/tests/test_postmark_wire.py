"""Postmark's requests and answers in the log `mailcore.wire`, redacted."""

from __future__ import annotations

import json

import pytest

from mailcore import HttpResponse, Mailer, Message
from mailcore.http.wire_http import answer_text, request_text, secrets_of
from mailcore_postmark import postmark_options


TOKEN = "5ec4e7b1-7a08-4b1f-a5d3-0d2c1f6e9a77"
OTHER = "a5d35ec4-7a08-4b1f-e7b1-0d2c1f6e9a77"
ADA = "victim.name@x.example"
HIDDEN = (TOKEN, OTHER, "victim.name", "One-time code")
PLAIN = {
    "from_email": "Shop <victim.name@example.com>",
    "to": [ADA],
    "metadata": {"order": TOKEN},
    "headers": {"X-Auth-Token": "One-time code"},
    "esp_extra": postmark_options(server_token=OTHER),
}


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        (
            {"subject": "One-time code", "html": "One-time code", "tags": ["codes"]},
            '"Subject": <13 characters>, "HtmlBody": <13 characters>',
        ),
        (
            {"template_id": "code", "merge_global_data": {"name": "One-time code", "n": 123456}},
            '"TemplateModel": {"name": <13 characters>, "n": <number>}',
        ),
        (
            {"template_id": "code", "merge_data": {ADA: {"deep": [{"x": "One-time code"}]}}},
            '"TemplateModel": {"deep": [{"x": <13 characters>}]}',
        ),
    ],
    ids=["email", "template", "batch"],
)
def test_requests_are_told_without_secrets(fields, seen):
    """The structure; what the mail says by its size, tokens of the server not at all."""
    mailer = Mailer("postmark", server_token=TOKEN)
    for request in mailer.preview(Message(**PLAIN, **fields)).requests:
        text = request_text(request, secrets_of(request))

        assert seen in text
        assert "X-Postmark-Server-Token: <36 characters>" in text
        assert not [hidden for hidden in HIDDEN if hidden in text]


def test_answers_are_told_with_their_words_and_ids():
    """What one looks for: the code, the words with shortened addresses, the id of the message."""
    message_id = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
    answer = {"To": ADA, "MessageID": message_id, "ErrorCode": 0, "Message": f"OK for {ADA}"}

    text = answer_text(HttpResponse(status_code=200, body=json.dumps(answer).encode()), {TOKEN})

    assert (
        f'200 | {{"To": "v***@x.example", "MessageID": "{message_id}", "ErrorCode": 0, '
        '"Message": "OK for v***@x.example"}'
    ) == text
