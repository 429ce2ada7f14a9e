"""What is one provider's own, for each of them: `make types` has mypy and pyright read this."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

from mailcore import AsyncMailer, Mailer
from mailcore.account import QuotaAccount, SuppressionAccount
from mailcore_brevo import BrevoProvider, brevo_options
from mailcore_brevo.account import BrevoAccount
from mailcore_mailgun import MailgunProvider, mailgun_options
from mailcore_mailjet import MailjetProvider, mailjet_options
from mailcore_mandrill import MandrillProvider, mandrill_options
from mailcore_mandrill.account import MandrillAccount
from mailcore_postmark import PostmarkProvider, postmark_options
from mailcore_sendgrid import SendGridProvider, sendgrid_options
from mailcore_sendgrid.suppressions import SendQuota as SendGridQuota
from mailcore_ses import SesProvider, ses_options
from mailcore_ses.account import SesAccount
from mailcore_smtp import SmtpProvider, smtp_options
from mailcore_sparkpost import SparkPostProvider, sparkpost_options
from mailcore_sparkpost.quota import SendQuota as SparkPostQuota


def brevo() -> None:
    mailer = Mailer(BrevoProvider(api_key="invented"))
    assert_type(mailer.provider.account, BrevoAccount)
    assert_type(AsyncMailer(BrevoProvider(api_key="invented")).provider, BrevoProvider)
    BrevoProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(brevo_options(sandbox=True), dict[str, dict[str, Any]])
    brevo_options(sandbox="yes")  # E: arg-type, reportArgumentType


def mailgun() -> None:
    mailer = Mailer(MailgunProvider(api_key="invented"))
    assert_type(mailer.provider.account, SuppressionAccount)
    assert_type(AsyncMailer(MailgunProvider(api_key="invented")).provider, MailgunProvider)
    MailgunProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(mailgun_options(tracking=True), dict[str, dict[str, Any]])
    mailgun_options(tracking=object())  # E: arg-type, reportArgumentType


def mailjet() -> None:
    mailer = Mailer(MailjetProvider(api_key="invented", secret_key="invented"))
    assert_type(mailer.provider, MailjetProvider)
    # There is no list that could be asked for.
    mailer.provider.account  # E: attr-defined, reportAttributeAccessIssue
    MailjetProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(mailjet_options(sandbox=True), dict[str, dict[str, Any]])
    mailjet_options(sandbox="yes")  # E: arg-type, reportArgumentType


def mandrill() -> None:
    mailer = Mailer(MandrillProvider(api_key="invented"))
    assert_type(mailer.provider.account, MandrillAccount)
    assert_type(AsyncMailer(MandrillProvider(api_key="invented")).provider, MandrillProvider)
    MandrillProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(mandrill_options(merge=True), dict[str, dict[str, Any]])
    mandrill_options(merge="yes")  # E: arg-type, reportArgumentType


def postmark() -> None:
    mailer = Mailer(PostmarkProvider(server_token="invented"))
    assert_type(mailer.provider.account, SuppressionAccount)
    assert_type(AsyncMailer(PostmarkProvider(server_token="invented")).provider, PostmarkProvider)
    PostmarkProvider(token="invented")  # E: call-arg, reportCallIssue
    assert_type(postmark_options(message_stream="news"), dict[str, dict[str, Any]])
    postmark_options(message_stream=1)  # E: arg-type, reportArgumentType


def sendgrid() -> None:
    mailer = Mailer(SendGridProvider(api_key="invented"))
    assert_type(mailer.provider.account, QuotaAccount[SendGridQuota])
    assert_type(mailer.provider.account.quota(), SendGridQuota)
    assert_type(AsyncMailer(SendGridProvider(api_key="invented")).provider, SendGridProvider)
    SendGridProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(sendgrid_options(ip_pool="news"), dict[str, dict[str, Any]])
    sendgrid_options(ip_pool=1)  # E: arg-type, reportArgumentType


def ses() -> None:
    mailer = Mailer(SesProvider(region_name="eu-west-1"))
    assert_type(mailer.provider.account, SesAccount)
    # Whatever boto3 makes, which has no types of its own.
    mailer.provider.client.create_email_identity(EmailIdentity="example.com")
    assert_type(AsyncMailer(SesProvider()).provider, SesProvider)
    SesProvider(region="eu-west-1")  # E: call-arg, reportCallIssue
    assert_type(ses_options(tenant_name="acme"), dict[str, dict[str, Any]])
    ses_options(tenant_name=1)  # E: arg-type, reportArgumentType


def smtp() -> None:
    mailer = Mailer(SmtpProvider(host="mail.example.com"))
    assert_type(mailer.provider, SmtpProvider)
    # A mail server keeps no list that could be asked for.
    mailer.provider.account  # E: attr-defined, reportAttributeAccessIssue
    SmtpProvider(server="mail.example.com")  # E: call-arg, reportCallIssue
    assert_type(smtp_options(dsn_return="headers"), dict[str, dict[str, Any]])
    smtp_options(dsn_return="body")  # E: arg-type, reportArgumentType


def sparkpost() -> None:
    mailer = Mailer(SparkPostProvider(api_key="invented"))
    assert_type(mailer.provider.account, QuotaAccount[SparkPostQuota])
    assert_type(mailer.provider.account.quota(), SparkPostQuota)
    assert_type(AsyncMailer(SparkPostProvider(api_key="invented")).provider, SparkPostProvider)
    SparkPostProvider(key="invented")  # E: call-arg, reportCallIssue
    assert_type(sparkpost_options(transactional=True), dict[str, dict[str, Any]])
    sparkpost_options(transactional="yes")  # E: arg-type, reportArgumentType
