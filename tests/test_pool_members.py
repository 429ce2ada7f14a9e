"""The members of a pool: what may be given as one, by URL too, what is refused, what is closed."""

from __future__ import annotations

import asyncio

from typing import ClassVar

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Features,
    InboundEvent,
    Mailer,
    Message,
    Provider,
    ProviderNotFound,
    RecipientStatus,
    Registry,
    Request,
    SendStatus,
    WebhookRequest,
    connect,
    fetch_inbound,
    get_provider,
    receive,
)
from mailcore.builtin import MemoryProvider, NullProvider
from mailcore.features import YES
from mailcore.message import Defaults
from mailcore.pools import Failover, Member, RoundRobin, Route, Weighted
from mailcore.pools.urls import PoolItem, PoolUrl, is_pool_url, read_pool_url
from mailcore.webhook import WsgiWebhook


MESSAGE = Message(from_email="f@x.org", to=["ada@x.org"], subject="s", text="t")
SECRET = "sesam(öffne)dich"


class Post(Provider[Request, str]):
    """A provider with a secret, and a transport that notes when it is closed."""

    name = "post"
    label = "Post"
    features = Features(cc=YES)
    sending_options = ("api_key",)
    closed: ClassVar[list[str]] = []

    def __init__(self, *, api_key: str | None = None, size: int = 1) -> None:
        self.api_key, self.size = api_key, size

    @classmethod
    def options_from_url(cls, *, username, password, host, path):
        return {"api_key": username or host} if username or host else {}

    def build(self, message):
        return [Request(recipients=message.recipients)]

    def parse(self, request, response):
        return dict.fromkeys(request.recipients, RecipientStatus(SendStatus.QUEUED))

    def create_transport(self):
        key = self.api_key

        class Office:
            def exchange(self, request):
                return "ok"

            def close(self):
                Post.closed.append(key)

        return Office()


@pytest.fixture
def post():
    """A registry with the provider, the built-in ones and the pools; nothing was closed yet."""
    registry = Registry()
    registry.register(Post)
    Post.closed.clear()
    return registry


def names(pool):
    """The names of a pool's members, pools within it in brackets."""
    return [
        names(each.provider) if hasattr(each.provider, "members") else each.provider.name
        for each in pool.members
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("failover(post://k null://)", ["post", "null"]),
        ("failover(\n  post://k\n  null://\n)", ["post", "null"]),
        ("failover(post://?api_key=a null)", ["post", "null"]),
        ("roundrobin(null memory)", ["null", "memory"]),
        ("weighted(3=post://k 0.5=null)", ["post", "null"]),
        ("route(bulk=null:// *=memory://)?by=tag", ["null", "memory"]),
        ("failover(roundrobin(null:// memory://) post://k)", [["null", "memory"], "post"]),
        (
            "route(*=failover(post://k weighted(1=null 2=memory)?rest_seconds=1))?by=sender_domain",
            [["post", ["null", "memory"]]],
        ),
    ],
)
def test_pools_by_url(post, url, expected):
    """A URL has the members in parentheses, and options of the pool behind them."""
    mailer = Mailer.from_url(url, registry=post)

    assert expected == names(mailer.provider)


def test_options_of_members_and_of_the_pool(post):
    """Each option is converted as that of any URL; the mailer's own settings stand beside it."""
    url = "failover(post://k?size=7 null://)?rest_seconds=2.5&accept_duplicates=yes&rejected=next"

    mailer = Mailer.from_url(url, registry=post, rest_seconds=3.0, refused="return")

    pool = mailer.provider
    assert ("k", 7) == (pool.members[0].provider.api_key, pool.members[0].provider.size)
    assert (True, "next") == (pool._accepts_duplicates, pool._rejected)
    assert 3.0 == pool._health._rules.rest_seconds


def test_parentheses_in_secrets(post):
    """They come through, as they are if there is a closing one for each, and encoded otherwise."""
    for text, key in (("a(b)c", "a(b)c"), ("a%28b", "a(b"), ("a%29", "a)")):
        pool = Mailer.from_url(f"failover(post://{text}@ null://)", registry=post).provider
        assert key == pool.members[0].provider.api_key


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Failover([]), "failover: a pool needs members, and none are given"),
        (lambda: connect("failover()"), "failover: a pool needs members, and none are given"),
        (lambda: Weighted({}), "weighted: a pool needs members, and none are given"),
        (lambda: Route({}, by="tag"), "route: a pool needs members, and none are given"),
        (lambda: Failover("null"), "failover: members must be a list, not str: write [...]"),
        (lambda: Failover(5), "failover: members must be a list, not int: write [...]"),
        (
            lambda: Failover([5, NullProvider, NullProvider()]),
            (
                "failover: member 1: a provider, its name or its URL is wanted, not int; "
                "member 2: a provider is wanted, not the class NullProvider: "
                "write NullProvider(...)"
            ),
        ),
        (
            lambda: Failover([Mailer("null")]),
            "failover: member 1: a provider, its name or its URL is wanted, not Mailer",
        ),
        (
            lambda: Failover(["memory", "null", "null"]),
            "failover: members 2 and 3 are the same: name each once",
        ),
        (
            lambda: connect("failover(null:// null://)"),
            "failover: members 1 and 2 are the same: name each once",
        ),
        (
            lambda: connect("weighted(1=null:// 2=null://)"),
            "weighted: a member is there twice: name each once",
        ),
        (
            lambda: connect("weighted(null:// 2=null://)"),
            "weighted: member 1 has no weight: write weighted(3=name://… 1=name://…)",
        ),
        (
            lambda: Weighted({"null": 1, "memory": 0}),
            "weighted: the weight of member 2 must be a number above 0",
        ),
        (
            lambda: Weighted({"null": float("inf")}),
            "weighted: the weight of member 1 must be a number above 0",
        ),
        (
            lambda: Weighted({"null": "3"}),
            "weighted: the weight of member 1 must be a number above 0",
        ),
        (
            lambda: Weighted({"null": True}),
            "weighted: the weight of member 1 must be a number above 0",
        ),
        (
            lambda: RoundRobin([]),
            "roundrobin: a pool needs members, and none are given",
        ),
        (
            lambda: Weighted(["null"]),
            (
                "weighted: members must be a mapping to weights, not list: "
                "write {provider: weight, ...}"
            ),
        ),
        (
            lambda: connect("failover(a=null://)"),
            "failover: members have no label here: write failover(name://… name://…)",
        ),
        (
            lambda: connect("route(null://)?by=tag"),
            "route: each member needs a route of its own: write route(bulk=name://… *=name://…)",
        ),
        (
            lambda: connect("route(a=null:// a=memory://)?by=tag"),
            "route: each member needs a route of its own: write route(bulk=name://… *=name://…)",
        ),
        (
            lambda: Route({"X.org": "null", "x.ORG": "memory"}, by="sender_domain"),
            "route: two routes are for one domain: name each once",
        ),
        (
            lambda: Route({"": "null"}, by="tag"),
            "route: the names of routes must be texts, and not empty",
        ),
        (lambda: Route(["null"], by="tag"), "route: routes must be a mapping of names, not list"),
        (
            lambda: Route({"*": "null"}, by="tags"),
            "route: by must be a function, or one of 'tag', 'sender_domain', 'recipient_domain'",
        ),
        (
            lambda: Failover(["null"], rest_seconds=0, faults_before_rest=0, rejected="x"),
            (
                "failover: faults_before_rest must be at least 1; rest_seconds must be above 0, "
                "and not above longest_rest_seconds; rejected must be 'raise' or 'next'"
            ),
        ),
        (
            lambda: connect("failover(null:// memory://"),
            (
                "failover(...): a closing parenthesis is missing; write %28 and %29 for "
                "parentheses within the URL of a member"
            ),
        ),
        *(
            (
                lambda text=text: connect(f"failover({text})"),
                "failover(...): what stands in the parentheses are URLs, separated by spaces",
            )
            for text in ("=null://", "(null://)", "?rest_seconds=1", "a=(null://)")
        ),
        (
            lambda: connect("null(memory://)"),
            "null is no pool: write null://?option=value",
        ),
        (
            lambda: Mailer("failover(null:// memory://)"),
            (
                "the name of a provider is wanted, not a URL: give that to mailcore.connect(), "
                "Mailer.from_url() or AsyncMailer.from_url()"
            ),
        ),
        (
            lambda: Mailer(
                Failover(["null", "memory"]), defaults=Defaults(by_provider={"null": {}})
            ),
            (
                "failover: defaults of single members (null) are not possible, because defaults "
                "are applied before it is known who sends: give them to all, or as esp_extra, "
                "which has a part for each provider"
            ),
        ),
    ],
)
def test_what_is_refused(make, expected):
    """One error says what is wrong with a pool, all of it, and the way out."""
    with pytest.raises(ConfigurationError) as raised:
        make()

    assert expected == str(raised.value)


def test_a_member_that_does_not_exist():
    """It is named with its place, and with what is installed."""
    with pytest.raises(ConfigurationError) as raised:
        connect("failover(nul:// no_such_thing memory)")

    assert str(raised.value).startswith("failover: member 1: no provider 'nul'; installed: ")
    assert "did you mean 'null'?; member 2: no provider 'no_such_thing'" in str(raised.value)
    with pytest.raises(ProviderNotFound, match="no provider 'failovr'"):
        connect("failovr(null://)")


@pytest.mark.parametrize(
    "make",
    [
        lambda provider: Failover([provider, NullProvider(), provider]),
        lambda provider: Failover([provider, Member(provider=provider)]),
        lambda provider: RoundRobin([Failover([provider]), provider]),
        lambda provider: RoundRobin([Failover([provider]), Route({"*": provider}, by="tag")]),
    ],
)
def test_a_provider_is_a_member_once(make):
    """A provider that failed would be asked a second time, within a pool as well."""
    with pytest.raises(ConfigurationError, match="is a member twice: name each provider once"):
        make(NullProvider())


def test_two_providers_of_one_service():
    """Two accounts, or two regions, are two members; all rests may be of one length."""
    assert Failover(["null"], rest_seconds=5, longest_rest_seconds=5)
    assert ["null", "null"] == names(Failover([NullProvider(), NullProvider()]))


@pytest.mark.parametrize(
    "url",
    [
        "failover(post://{}@ null://",
        "failover(post://{}@ null://) post://{}@",
        "failover(post://{}@?size=x null://)",
        "failover(post://{}@?siz=1 null://)",
        "failover(post://{}@?{} null://)",
        "failover(post://{}@ post://{}@)",
        "failover({} null://)",
        "failover(={} null://)",
        "failover({}=post://a null://)",
        "weighted({}=post://a null://)",
        "weighted(1=post://{}@ 1=post://{}@)",
        "route({}=post://a *=post://{}@)",
        "failover(post://{}@ null://)?{}",
        "failover(post://{}@ null://)?rest_seconds={}",
    ],
)
def test_secrets_stay_out_of_errors(post, url):
    """No error repeats a URL, whatever is wrong with it."""
    secret = "s3cr3tK3y"

    with pytest.raises(ConfigurationError) as raised:
        Mailer.from_url(url.replace("{}", secret), registry=post)

    error = raised.value
    while error is not None:
        assert secret not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_secrets_stay_out_of_reprs(post):
    """Neither pool nor mailer nor member shows an option."""
    mailer = Mailer.from_url("failover(post://s3cr3tK3y@ null://)", registry=post)

    assert "s3cr3tK3y" not in repr((mailer, mailer.provider, mailer.provider.members))
    assert "<Failover 'failover' of post, null>" == repr(mailer.provider)


def test_a_member_needs_what_sending_needs(post):
    """As for any mailer: a key that is missing is told when the pool is made."""
    with pytest.raises(ConfigurationError) as raised:
        Mailer.from_url("failover(post:// null)", registry=post)

    expected = "failover: member 1: post: option 'api_key' is missing: give it, or set "
    assert f"{expected}MAILCORE_POST_API_KEY" == str(raised.value)


def test_options_of_the_environment(post, monkeypatch):
    """A member by name has its options there, as any provider; others' are not taken for its."""
    post.register(type("PostTwo", (Post,), {"name": "post_two"}))
    monkeypatch.setenv("MAILCORE_POST_API_KEY", "from-env")
    monkeypatch.setenv("MAILCORE_POST_TWO_API_KEY", "of the other")

    pool = Mailer("failover", members=["post", "null"], registry=post).provider

    assert "from-env" == pool.members[0].provider.api_key


def test_pools_are_no_services():
    """They are found by name and in no list; a registry that loads nothing knows those it got."""
    registry = Registry()
    known = Registry(autoload=False)
    known.register(Failover)

    assert isinstance(get_provider("failover", members=["null"]), Failover)
    assert not {"failover", "roundrobin", "weighted", "route"} & set(registry.names())
    assert not [plugin for plugin in registry.plugins() if plugin.name == "failover"]
    with pytest.raises(ConfigurationError, match="no provider 'null'"):
        Mailer.from_url("failover(null://)", registry=known)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda registry: "failover(post://a post://b)", ["a", "b"]),
        (lambda registry: Route({"*": "post://a"}, by="tag", registry=registry), ["a"]),
        (lambda registry: Failover(["post://a", "post://b"], registry=registry), ["a", "b"]),
        (lambda registry: Failover(["post://a", Post(api_key="mine")], registry=registry), ["a"]),
        (
            lambda registry: RoundRobin(
                [
                    Failover(["post://a", Post(api_key="mine")], registry=registry),
                    "failover(post://b post://c)",
                ],
                registry=registry,
            ),
            ["a", "b", "c"],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_closing(post, make, expected, kind):
    """What a mailer or its pool made is closed with the mailer; what you made stays open."""
    made = make(post)
    cls = Mailer if kind == "sync" else AsyncMailer
    is_url = isinstance(made, str)
    mailer = cls.from_url(made, registry=post) if is_url else cls(made, registry=post)
    for channel in mailer._channels():
        channel.exchange(None)

    if kind == "sync":
        mailer.close()
    else:
        asyncio.run(mailer.aclose())

    assert expected == sorted(Post.closed)


def test_a_registry_closes_all(post):
    """Who closes a pool itself closes every member, whoever made it."""
    pool = Failover([Post(api_key="mine"), RoundRobin(["post://a"], registry=post)])
    mailer = Mailer(pool, registry=post)
    mailer._channels()

    post.close(pool)

    assert ["a", "mine"] == sorted(Post.closed)
    assert "post" == mailer.send(MESSAGE).provider


@pytest.mark.parametrize("who", ["registry", "mailer"])
def test_all_are_closed_where_one_raises(post, monkeypatch, who):
    """What was wrong is raised in the end."""
    made = Post.create_transport

    def create(self):
        office = made(self)
        if self.api_key == "late":

            def close():
                raise TimeoutError("the loop is blocked")

            office.close = close
        return office

    monkeypatch.setattr(Post, "create_transport", create)
    pool = Failover(["post://a", "post://late", "post://b"], registry=post)
    mailer = Mailer(pool, registry=post)
    for channel in mailer._channels():
        channel.exchange(None)

    with pytest.raises(TimeoutError, match="blocked"):
        mailer.close() if who == "mailer" else post.close(pool)
    assert ["a", "b"] == sorted(Post.closed)


def test_webhooks_go_to_the_members():
    """A pool receives nothing: who sent a request is told by its address alone."""
    request = WebhookRequest(method="POST", url="https://x.org/hook", headers={}, body=b"")
    pool = Failover([NullProvider(), MemoryProvider()])
    event = InboundEvent(provider="null", content=b"")

    for wrong in (
        lambda: receive(pool, request),
        lambda: WsgiWebhook(pool, print),
        lambda: fetch_inbound(pool, event),
    ):
        with pytest.raises(ConfigurationError, match=r"one of its members: null, memory"):
            wrong()
    with pytest.raises(ConfigurationError, match=r"^receive\(\) takes a provider, not a name"):
        receive("null", request)


PIECES = st.text(
    st.characters(codec="utf-8", exclude_characters="()", exclude_categories=["Z", "C"]), min_size=1
)


@given(st.lists(st.tuples(st.sampled_from(["", "3", "bulk", "*", "x.org"]), PIECES), max_size=5))
def test_what_is_written_is_read(members):
    """Labels, members and options come out of a URL as they went in."""
    items = tuple(PoolItem(label, f"post://{text}") for label, text in members)
    written = " ".join(f"{label}={member}" if label else member for label, member in items)

    assert PoolUrl("pool", items, "a=1") == read_pool_url(f"pool({written})?a=1")


@given(st.text("a=?:/ ()1*\n"))
def test_hostile_urls(text):
    """Whatever stands there is read, or refused with an error of ours."""
    url = f"failover({text}"
    assert is_pool_url(url)

    try:
        items = read_pool_url(url).items
    except ConfigurationError:
        return
    assert all(item.member and not item.member[0].isspace() for item in items)
