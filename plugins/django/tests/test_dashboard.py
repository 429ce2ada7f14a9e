"""The dashboard: what providers are asked, what is shown of it, and to whom."""

from __future__ import annotations

import re

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest

from django.contrib.auth.models import Permission, User
from django.core.cache import caches
from django.core.management import call_command
from django.test import Client

import mailcore_django.dashboard

from mailcore import AuthenticationFailed, ConfigurationError, NetworkError
from mailcore.account import SuppressedAddress
from mailcore_django import get_provider
from mailcore_django.conf import DashboardSettings, read_settings
from mailcore_django.dashboard import asking
from mailcore_django.dashboard.admin import _usage
from mailcore_django.dashboard.asking import ask, snapshot_of
from mailcore_django.dashboard.charts import SERIES, panels, percent
from mailcore_django.dashboard.checks import check_cache
from mailcore_django.dashboard.snapshot import Day, Snapshot, Usage


PAGE = "/admin/mailcore_dashboard/account/"
NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def empty_cache():
    """Nothing is kept of another test."""
    caches["default"].clear()
    yield
    caches["default"].clear()


@pytest.fixture
def as_user(database):
    """A client of a member of staff who has these permissions and no more."""

    def client(*permissions):
        user = User.objects.create_user("staff", is_staff=True)
        for codename in permissions:
            user.user_permissions.add(
                Permission.objects.get(
                    codename=codename, content_type__app_label="mailcore_dashboard"
                )
            )
        client = Client()
        client.force_login(user)
        return client

    return client


@dataclass
class Left:
    """A quota of a shape of its own."""

    remaining: int
    plan: str = ""
    ends: date | None = None


class Account:
    """An account whose answers a test decides."""

    def __init__(self, **answers):
        self.asked = []
        for name, answer in answers.items():
            setattr(self, name, self._answering(name, answer))

    def _answering(self, name, answer):
        def answering(*arguments):
            self.asked.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return answering


@pytest.fixture
def account(monkeypatch, mailcore_settings, django_settings):
    """Gives the mailer a provider with an account."""
    mailcore_settings(PROVIDER="memory")
    use_backend(django_settings)

    def use(**answers):
        made = Account(**answers)
        provider = SimpleNamespace(name="other", account=made)
        monkeypatch.setattr(asking, "get_provider", lambda alias: provider)
        return made

    return use


def use_backend(django_settings):
    """Have Django send through mailcore."""
    import django

    backend = "mailcore_django.EmailBackend"
    if django.VERSION >= (6, 1):
        django_settings(MAILERS={"default": {"BACKEND": backend, "OPTIONS": {}}})
    else:
        django_settings(EMAIL_BACKEND=backend)


def statistics(*days):
    """Statistics as an account gives them."""
    counts = [
        SimpleNamespace(
            day=day,
            counts=SimpleNamespace(
                delivery_attempts=attempts, bounces=bounces, complaints=complaints, rejects=rejects
            ),
        )
        for day, attempts, bounces, complaints, rejects in days
    ]
    return SimpleNamespace(by_day=lambda time_zone: counts)


def test_any_quota_is_shown(account):
    """Whatever shape it has: other providers have other ones."""
    account(quota=(Left(remaining=250, plan="free"), Left(remaining=7, ends=date(2026, 12, 31))))

    assert (
        ("1 remaining", 250),
        ("1 plan", "free"),
        ("2 remaining", 7),
        ("2 ends", date(2026, 12, 31)),
    ) == ask("default", DashboardSettings()).figures


def test_a_quota_within_a_status(account):
    """The status is asked for alone, since it has the quota."""
    quota = SimpleNamespace(max_send_rate=14.0, max_24_hour_send=50_000.0, sent_last_24_hours=9.0)

    @dataclass
    class Status:
        quota: object
        sandbox: bool
        suppressed_reasons: tuple[str, ...]

    made = account(status=Status(quota, False, ("BOUNCE", "COMPLAINT")), quota=quota)
    found = ask("default", DashboardSettings())

    assert Usage(sent=9.0, limit=50_000.0, per_second=14.0) == found.usage
    assert (("sandbox", False), ("suppressed reasons", "BOUNCE, COMPLAINT")) == found.figures
    assert ["status"] == made.asked


def test_a_part_that_fails(account):
    """The others are shown, and what is wrong stands in its place."""
    account(
        quota=AuthenticationFailed("no permission for it", provider="other"),
        suppressed=[SuppressedAddress(email_address="a@example.net", reason="BOUNCE")],
    )
    found = ask("default", DashboardSettings())

    assert {"quota": "AuthenticationFailed: other: no permission for it"} == found.problems
    assert {"BOUNCE": 1} == found.reasons


def test_a_provider_that_does_not_answer(account):
    """It is asked once: every further question would take as long to fail."""
    made = account(quota=NetworkError("no route", provider="other"), statistics=None, suppressed=[])

    assert {"quota"} == set(ask("default", DashboardSettings()).problems)
    assert ["quota"] == made.asked


def test_identities(account):
    """Domains first; of so many of them the DKIM is asked for, each of which is a call."""
    names = ["b.example", "a.example", "c.example"]
    summary = {"sending_enabled": True, "verification_status": "SUCCESS"}
    made = account(
        identities=[
            SimpleNamespace(name="ada@d.example", kind="EMAIL_ADDRESS", **summary),
            *(SimpleNamespace(name=name, kind="DOMAIN", **summary) for name in names),
        ],
        identity=SimpleNamespace(dkim=SimpleNamespace(status="PENDING", signing_enabled=True)),
    )
    found = ask("default", DashboardSettings(identities=2)).identities

    assert [
        ("a.example", "PENDING", True),
        ("b.example", "PENDING", True),
        ("c.example", "", None),
        ("ada@d.example", "", None),
    ] == [(each.name, each.dkim, each.signing) for each in found]
    assert 2 == made.asked.count("identity")


def test_suppressed_addresses(account):
    """The newest of those that are looked at; the rest of the list is not fetched."""
    fetched = []

    def entries():
        for number in range(100):
            fetched.append(number)
            yield SuppressedAddress(
                email_address=f"a{number}@example.net",
                reason="COMPLAINT" if number % 10 == 0 else "BOUNCE",
                updated_at=NOW + timedelta(days=number),
            )

    account(suppressed=entries())
    found = ask("default", DashboardSettings(suppressed=30))

    assert (31, True) == (len(fetched), found.more_suppressed)
    assert {"BOUNCE": 27, "COMPLAINT": 3} == found.reasons
    assert ("a29@example.net", 20) == (found.suppressed[0].address, len(found.suppressed))


def test_days_without_mail_are_zero(account):
    """Fourteen days up to today, whatever the provider leaves out."""
    today = asking.timezone.localdate()
    account(statistics=statistics((today - timedelta(days=2), 100, 3, 1, 0)))
    days = ask("default", DashboardSettings()).days

    assert (14, today) == (len(days), days[-1].day)
    assert [0, 100, 0, 0] == [each.attempts for each in days[-4:]]


def test_an_answer_is_kept(account):
    """The provider is not asked for every view, nor twice by two clicks."""
    made = account(quota=Left(remaining=1))
    for fresh in (False, False, True):
        snapshot_of("default", fresh=fresh)
    assert ["quota"] == made.asked

    kept = caches["default"]
    (key,) = [asking._KEY.format(b"default".hex())]
    old = Snapshot(provider="other", asked_at=asking.timezone.now() - timedelta(minutes=1))
    kept.set(key, old)
    assert old == snapshot_of("default")
    assert old != snapshot_of("default", fresh=True)
    assert ["quota"] * 2 == made.asked


def test_what_an_older_version_kept(account):
    """It is not taken for an answer."""
    account(quota=Left(remaining=1))
    caches["default"].set(asking._KEY.format(b"default".hex()), {"some": "dict"})

    assert (("remaining", 1),) == snapshot_of("default").figures


@pytest.mark.parametrize(
    ("permissions", "status"),
    [((), 403), (("view_suppressed",), 403), (("view_dashboard",), 200)],
)
def test_who_sees_it(account, as_user, permissions, status):
    """Who has the permission of its own, and nobody else on the staff."""
    made = account(quota=Left(remaining=1))
    client = as_user(*permissions)

    assert status == client.get(PAGE).status_code
    assert (status == 403) == (client.post(PAGE).status_code == 403)
    assert (made.asked == []) == (status == 403)
    assert 302 == Client().get(PAGE).status_code


def test_who_sees_addresses(account, as_user):
    """A second permission: they are about people."""
    account(suppressed=[SuppressedAddress(email_address="ada@example.net", reason="BOUNCE")])
    client = as_user("view_dashboard")

    page = client.get(PAGE).content.decode()
    assert "BOUNCE: 1" in page
    assert "ada@example.net" not in page
    User.objects.all().delete()
    assert (
        "ada@example.net" in as_user("view_dashboard", "view_suppressed").get(PAGE).content.decode()
    )


def test_the_page(account, as_user):
    """Everything at once; what a provider says is escaped."""
    today = asking.timezone.localdate()
    account(
        quota=Left(remaining=1, plan="<b>free</b>"),
        statistics=statistics((today, 2000, 10, 1, 3), (today - timedelta(days=1), 0, 0, 0, 2)),
        identities=[
            SimpleNamespace(
                name="shop.example",
                kind="DOMAIN",
                sending_enabled=False,
                verification_status="FAILED",
            )
        ],
        identity=None,
    )
    page = as_user("view_dashboard").get(PAGE).content.decode()

    assert "&lt;b&gt;free&lt;/b&gt;" in page
    assert 4 == page.count("<figure")
    assert "0.05 %" in page
    assert "✗ failed" in page
    # Nothing that a strict Content-Security-Policy refuses.
    content = page[page.index('id="content"') : page.index('id="footer"')]
    assert None is re.search(r"<script|\sstyle=|<style|\son\w+=|https?://", content)


def test_asking_again(account, as_user):
    """By POST, which answers with the page's address."""
    made = account(quota=Left(remaining=1))
    client = as_user("view_dashboard")

    answer = client.post(f"{PAGE}?mailer=default")

    assert (302, f"{PAGE}?mailer=default") == (answer.status_code, answer["Location"])
    assert ["quota"] == made.asked
    assert 'http-equiv="refresh"' not in client.get(PAGE).content.decode()
    assert 'http-equiv="refresh"' in client.get(PAGE, {"reload": "yes"}).content.decode()


def test_another_mailer(account, as_user):
    """Only one of the settings."""
    account()
    client = as_user("view_dashboard")

    assert 404 == client.get(PAGE, {"mailer": "nobody"}).status_code
    assert "has no account that could be asked" in client.get(PAGE).content.decode()


def test_settings_that_are_wrong(account, as_user, monkeypatch):
    """What is wrong is said on the page."""

    def wrong(alias):
        raise ConfigurationError("no provider is named")

    monkeypatch.setattr(asking, "get_provider", wrong)

    assert (
        "ConfigurationError: no provider is named"
        in as_user("view_dashboard").get(PAGE).content.decode()
    )


def test_without_a_mailer_of_mailcore(as_user, django_settings):
    """There is nobody to ask."""
    assert (
        "No mailer of the settings is mailcore"
        in as_user("view_dashboard").get(PAGE).content.decode()
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"cache_second": 1}, "did you mean 'cache_seconds'?"),
        ({"cache_seconds": -1}, "['cache_seconds'] must be a whole number from 0 to 86400"),
        ({"identities": True}, "['identities'] must be a whole number from 0 to 100"),
        ({"suppressed": "all"}, "['suppressed'] must be a whole number from 0 to 10000"),
        ({"cache": ""}, "['cache'] must be a text that is not empty"),
        ([], "must be a dict"),
    ],
)
def test_wrong_settings(given, problem):
    """Each is named."""
    _, problems = read_settings({"DASHBOARD": given})

    assert [True] == [problem in each for each in problems]


def test_a_cache_that_is_not_there(mailcore_settings):
    """`manage.py check` names the setting."""
    mailcore_settings(DASHBOARD={"cache": "shared"})

    (found,) = check_cache()
    assert "MAILCORE['DASHBOARD']['cache'] is 'shared'" in found.msg


def test_migrations(databases):
    """They make what the model says."""
    call_command("makemigrations", "mailcore_dashboard", check=True, dry_run=True, verbosity=0)


WEEK = tuple(
    Day(day=date(2026, 11, 24) + timedelta(days=number), attempts=attempts, bounces=bounces)
    for number, (attempts, bounces) in enumerate(
        [(900, 9), (0, 0), (1000, 0), (40, 4), (0, 0), (7, 0), (100, 1)]
    )
)


def test_charts():
    """Bars as high as the counts, and rates where there were attempts."""
    attempts, bounces, *_ = panels(Snapshot(provider="x", asked_at=NOW, days=WEEK))

    assert ["900", "1,000", "40", "7", "100"] == [
        bar.title.partition(": ")[2] for bar in attempts.bars
    ]
    heights = [bar.height for bar in attempts.bars]
    assert heights[1] == max(heights) == pytest.approx(174)
    assert heights[0] == pytest.approx(174 * 0.9, abs=0.1)
    assert 2.0 == min(heights)
    assert ("2,047", "14", "0.68 %") == (attempts.total, bounces.total, bounces.rate)
    # Two days without attempts leave a line of two days, and a single one none.
    assert [2, 2] == [len(line.split()) for line in bounces.lines]
    assert 5 == len(bounces.points)
    assert "10 %" == max((line.label for line in bounces.grid if "%" in line.label), key=len)
    assert all(
        bar.x + bar.width <= attempts.right and bar.x >= attempts.left for bar in attempts.bars
    )


def test_charts_of_nothing():
    """No mail at all: scales, and no division by zero."""
    days = tuple(Day(day=each.day) for each in WEEK)
    drawn = panels(Snapshot(provider="x", asked_at=NOW, days=days))

    assert [0] * 4 == [len(each.bars) for each in drawn]
    assert "Bounces: none" in drawn[1].summary
    assert () == panels(Snapshot(provider="x", asked_at=NOW))


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0 %"), (1, "100 %"), (0.1, "10 %"), (0.0123, "1.23 %"), (0.00001, "< 0.01 %")],
)
def test_rates(rate, text):
    """With as many places as it takes."""
    assert text == percent(rate)


def test_rates_of_a_day():
    """Rejects are no attempts; a day without attempts has no rate."""
    day = Day(day=NOW.date(), attempts=8, bounces=2, complaints=1, rejects=2)

    assert [0.25, 0.125, 0.2] == [day.rate(name) for name in ("bounces", "complaints", "rejects")]
    assert None is Day(day=NOW.date()).rate("bounces")


@pytest.mark.parametrize(
    ("usage", "share", "is_high"),
    [
        (Usage(sent=10, limit=200), "5 %", False),
        (Usage(sent=180, limit=200), "90 %", True),
        (Usage(sent=300, limit=200), "100 %", True),
        (Usage(sent=0, limit=0), "100 %", True),
        (Usage(sent=10, limit=None), "", False),
    ],
)
def test_usage(usage, share, is_high):
    """It says in words what the bar shows."""
    shown = _usage(Snapshot(provider="x", asked_at=NOW, usage=usage))

    assert (share, is_high) == (shown["share"], shown["is_high"])


CSS = (
    Path(mailcore_django.dashboard.__file__).parent / "static/mailcore_dashboard/dashboard.css"
).read_text("utf-8")


def colours(part):
    """The colours of the series in a part of the style sheet, as linear light."""
    found = dict(re.findall(r"--mailcore-(\w+): #(\w{6});", part))
    return {name: linear(found[name]) for name, _, _ in SERIES}


def linear(code):
    """Red, green and blue of a colour, as light."""
    parts = [int(code[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def luminance(light):
    """WCAG's relative luminance."""
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), light, strict=True))


# Full dichromacy: Machado, Oliveira and Fernandes 2009, severity 1.0.
SIGHTS = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(light):
    """CIE L*a*b*, in which distances are about what people see."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    white = (0.9505, 1.0, 1.089)
    light = [min(1.0, max(0.0, part)) for part in light]
    xyz = [sum(a * b for a, b in zip(row, light, strict=True)) for row in to_xyz]
    x, y, z = (
        t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
        for t in (part / base for part, base in zip(xyz, white, strict=True))
    )
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize(("theme", "page"), [("light", "ffffff"), ("dark", "121212")])
def test_colours_can_be_told_apart(sight, theme, page):
    """By everybody, on both themes of the admin; and each from the page."""
    part = CSS[CSS.index(f'html[data-theme="{theme}"]') :]
    seen = {
        name: [sum(a * b for a, b in zip(row, light, strict=True)) for row in SIGHTS[sight]]
        for name, light in colours(part[: part.index("}")]).items()
    }

    for one, other in combinations(seen.values(), 2):
        distance = sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5
        assert distance > 10
    if sight == "usual":
        for light in seen.values():
            high, low = sorted([luminance(light), luminance(linear(page))], reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 3


def test_both_ways_to_a_dark_page_have_the_same_colours():
    """What the system wants, and what is chosen in the admin."""
    system = CSS[CSS.index("@media (prefers-color-scheme: dark)") :]
    chosen = CSS[CSS.index('html[data-theme="dark"]') :]

    assert colours(system[: system.index("}")]) == colours(chosen[: chosen.index("}")])


@pytest.mark.slow
class TestSes:
    """mailcore-ses has all that the dashboard shows."""

    @pytest.fixture
    def ses(self, mailcore_settings, django_settings, monkeypatch):
        """The local SES, and the settings that lead there."""
        from mailcore_local.ses import LocalSes

        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAINVENTED00000000")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
        with LocalSes(
            max_24_hour_send=1000, verified_identities=["shop.example", "ada@example.com"]
        ) as local:
            mailcore_settings(
                PROVIDER="ses",
                OPTIONS={"endpoint_url": local.url, "region_name": local.region_name},
            )
            use_backend(django_settings)
            yield local

    def test_everything(self, ses, as_user):
        """Quota, statistics, identities and their DKIM, suppressed addresses."""
        from django.core.mail import EmailMessage

        from mailcore_django import EmailBackend

        EmailBackend().send_messages(
            [
                EmailMessage(
                    "Hi", "Hello", "shop@shop.example", [f"{name}@simulator.amazonses.com"]
                )
                for name in ("success", "bounce", "complaint")
            ]
        )
        ses.drain(5)
        get_provider().account.put_suppressed("ben@example.net", "BOUNCE")

        found = ask("default", DashboardSettings())

        assert {} == found.problems
        assert Usage(sent=3.0, limit=1000.0, per_second=10_000.0) == found.usage
        assert ("production access", True) in found.figures
        total = found.total
        assert (3, 1, 1) == (total.attempts, total.bounces, total.complaints)
        assert [("shop.example", "SUCCESS", True), ("ada@example.com", "", None)] == [
            (each.name, each.dkim, each.signing) for each in found.identities
        ]
        assert "ben@example.net" in {each.address for each in found.suppressed}
        page = as_user("view_dashboard", "view_suppressed").get(PAGE).content.decode()
        assert "3 of 1,000" in page.replace("<strong>", "").replace("</strong>", "")
        assert "ben@example.net" in page

    @pytest.mark.parametrize("fault", ["error:AccessDeniedException", "error500"])
    def test_errors_of_aws(self, ses, as_user, fault):
        """They are messages on the page."""
        ses.faults.add(
            fault,
            rate=1.0,
            operations=["GetAccount", "GetSendStatistics", "ListEmailIdentities"],
        )

        answer = as_user("view_dashboard").get(PAGE)

        assert 200 == answer.status_code
        assert '<li class="error"><strong>Quota:</strong>' in answer.content.decode()

    def test_aws_is_not_there(self, ses, as_user):
        """That is a message too."""
        ses.stop()

        page = as_user("view_dashboard").get(PAGE).content.decode()

        assert '<li class="error"><strong>Quota:</strong> ' in page
        assert "Traceback" not in page
