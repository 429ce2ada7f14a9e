"""The local SES below a path, as one of several faces of a server."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount

from mailcore_local.serving import LocalServer
from mailcore_local.ses.service import Service, Settings
from mailcore_local.ses.sigv4 import Credentials
from mailcore_local.ses.web import application


def test_below_a_path(session, endpoint, http_request):
    """boto3's signatures hold, events come, pages and certificate are where they say."""
    credentials = Credentials(access_key_id="AKIDLOCAL", secret_access_key="secret")
    services: list[Service] = []

    def stop():
        services[0].publisher.stop()

    def make(base_url, stopping):
        services.append(Service(f"{base_url}/ses", Settings()))
        services[0].publisher.start()
        return Starlette(routes=[Mount("/ses", application(services[0], credentials, stopping))])

    server = LocalServer("127.0.0.1", 0)
    server.start(make, at_stop=stop)
    try:
        (service,) = services
        client = session.client("sesv2", endpoint_url=service.base_url)
        sns = session.client("sns", endpoint_url=f"{service.base_url}/")
        sns.subscribe(TopicArn=service.topic_arn, Protocol="http", Endpoint=endpoint.url)
        service.publisher.drain(5)
        client.send_email(
            FromEmailAddress="shop@example.com",
            Destination={"ToAddresses": ["a+b/c@example.net"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
            ConfigurationSetName="local",
        )
        client.put_suppressed_destination(EmailAddress="a+b/c@example.net", Reason="BOUNCE")
        service.publisher.wait_for(2, 5)

        assert ["Send", "Delivery"] == [event["eventType"] for event in endpoint.events]
        certificate = http_request(endpoint.notifications[0].json["SigningCertURL"])
        assert service.signer.certificate_pem == certificate.body
        page = http_request(f"{service.base_url}/").body.decode()
        assert 'href="_local/messages/' in page
        assert 200 == http_request(f"{service.base_url}/_local/messages").status
        client.close()
        sns.close()
    finally:
        server.stop()
