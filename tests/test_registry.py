from __future__ import annotations

import gc
import importlib
import sys
import threading
import weakref

import pytest

from mailcore import (
    ConfigurationError,
    Mailer,
    Message,
    PluginLoadError,
    ProviderNotFound,
    Registry,
)
from mailcore.builtin.memory import MemoryProvider


BUILTIN = {"console", "file", "memory", "null"}
MESSAGE = Message(from_email="f@x.org", to=["a@x.org"], subject="s")

PROVIDER = """
from mailcore.builtin.null import NullProvider

class Provider(NullProvider):
    name = "{name}"
    label = "Toy"

    def __init__(self, *, api_key: str = "") -> None:
        self.api_key = api_key
"""
EXTENSION = """
from mailcore import hookimpl

calls = []

@hookimpl
def mailcore_message_sent(message):
    calls.append(message)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a made-up distribution: its module, and its entry points."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("MAILCORE_PLUGINS", raising=False)
    modules = []

    def make(distribution, source, *, providers=(), extensions=(), value="Provider"):
        module = distribution.replace("-", "_")
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        provided = "".join(f"{name} = {module}:{value}\n" for name in providers)
        extending = "".join(f"{name} = {module}\n" for name in extensions)
        (info / "entry_points.txt").write_text(
            f"[mailcore.providers]\n{provided}[mailcore.extensions]\n{extending}"
        )
        importlib.invalidate_caches()
        return module

    yield make
    for module in modules:
        sys.modules.pop(module, None)


def plugin(registry, name, kind="provider"):
    """One plugin of the list."""
    (found,) = [p for p in registry.plugins() if (p.name, p.kind) == (name, kind)]
    return found


def test_builtin_providers_are_there():
    """They are plugins like others."""
    names = Registry().names()

    assert set(names) >= BUILTIN
    assert list(names) == sorted(names)


def test_providers_are_imported_when_asked_for(install):
    """Discovery imports nothing; the list of names imports nothing."""
    module = install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    registry = Registry()

    assert "acme" in registry.names()
    registry.get_provider("null")
    assert module not in sys.modules

    assert "k" == registry.get_provider("acme", api_key="k").api_key
    assert module in sys.modules
    assert registry.provider_class("acme") is registry.provider_class("acme")
    found = plugin(registry, "acme")
    assert ("loaded", "acme-mail", "1.2", "") == (
        found.state,
        found.distribution,
        found.version,
        found.error,
    )


def test_plugins_not_asked_for_are_available(install):
    """Those registered by hand have no distribution."""
    registry = Registry(autoload=False)
    registry.register(MemoryProvider)

    assert ("loaded", "", "") == (
        (found := plugin(registry, "memory")).state,
        found.distribution,
        found.version,
    )


BROKEN = {
    "import error": "import no_such_module_anywhere",
    "syntax error": "def",
    "exception": "raise RuntimeError('whoops')",
    "exit": "raise SystemExit(3)",
    "no such attribute": "",
    "not a class": "Provider = 5",
    "not a provider": "class Provider: name = 'acme'",
    "other name": PROVIDER.format(name="zenith"),
    "no features": (
        "from mailcore import Provider as Base\nclass Provider(Base):\n    name = 'acme'\n"
    ),
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_broken_plugin_is_isolated(install, source, caplog):
    """It is an error for whoever asks for it, listed with the reason; the others work."""
    install("acme-mail", source, providers=["acme"])
    install("zenith-mail", PROVIDER.format(name="fine"), providers=["fine"])
    registry = Registry()

    with pytest.raises(PluginLoadError, match="provider 'acme' of acme-mail cannot be loaded") as c:
        registry.get_provider("acme")

    assert ("acme", "acme-mail") == (c.value.name, c.value.distribution)
    assert c.value.__cause__ is not None
    assert "fine" == registry.get_provider("fine").name
    assert "memory" == Mailer("memory", registry=registry).provider.name
    found = plugin(registry, "acme")
    assert ("broken", "acme-mail") == (found.state, found.distribution)
    assert found.error in str(c.value)
    assert "acme" in caplog.text


def test_interrupts_are_not_a_broken_plugin(install):
    """Ctrl-C while a plugin is imported ends the program."""
    install("acme-mail", "raise KeyboardInterrupt", providers=["acme"])

    with pytest.raises(KeyboardInterrupt):
        Registry().get_provider("acme")


def test_two_distributions_claim_one_name(install, caplog):
    """Neither is chosen: installing a package never changes what is sent."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    install("evil-mail", PROVIDER.format(name="acme"), providers=["acme"], extensions=["x"])
    registry = Registry()

    with pytest.raises(PluginLoadError, match="claimed by acme-mail and evil-mail"):
        registry.get_provider("acme")

    assert "broken" == plugin(registry, "acme").state
    assert "claimed by" in caplog.text
    assert "memory" == registry.get_provider("memory").name


def test_two_distributions_claim_one_extension(install, caplog):
    """That breaks the extension, and not a provider of the same name."""
    first = install("acme-log", EXTENSION, extensions=["acme"])
    second = install("evil-log", EXTENSION, extensions=["acme"])
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    registry = Registry()

    Mailer("memory", registry=registry).send(MESSAGE)

    assert {first, second}.isdisjoint(sys.modules)
    assert "broken" == plugin(registry, "acme", "extension").state
    assert "acme" == registry.get_provider("acme").name


def test_one_distribution_found_twice_is_one(install, tmp_path):
    """Two copies of the same metadata, as editable installs leave them, do not disagree."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    copy = tmp_path / "acme_mail-1.3.dist-info"
    copy.mkdir()
    for file in (tmp_path / "acme_mail-1.2.dist-info").iterdir():
        (copy / file.name).write_text(file.read_text())

    assert "acme" == Registry().get_provider("acme").name


@pytest.mark.parametrize("metadata", [None, "", "nonsense", "Name: acme-mail\n"])
def test_damaged_metadata(install, tmp_path, metadata):
    """A distribution whose metadata was damaged does not take the others down."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    path = tmp_path / "acme_mail-1.2.dist-info" / "METADATA"
    if metadata is None:
        path.unlink()
    else:
        path.write_text(metadata)
    registry = Registry()

    assert set(registry.names()) >= BUILTIN
    assert {p.name for p in registry.plugins()} >= BUILTIN


@pytest.mark.parametrize(
    "text", ["[mailcore.providers]\nacme\n", "nonsense", "[mailcore.providers"]
)
def test_damaged_entry_points(install, tmp_path, text):
    """Nor one whose entry points were."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    (tmp_path / "acme_mail-1.2.dist-info" / "entry_points.txt").write_text(text)
    registry = Registry()

    assert set(registry.names()) >= BUILTIN
    assert "memory" == registry.get_provider("memory").name


def test_entry_points_of_others_are_left_alone(install, tmp_path):
    """Where some are damaged too: those of other projects are neither listed nor imported."""
    other = install("zenith-tool", "", extensions=["zenith"])
    points = tmp_path / f"{other}-1.2.dist-info" / "entry_points.txt"
    points.write_text(points.read_text().replace("mailcore.extensions", "zenith.extensions"))
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    (tmp_path / "acme_mail-1.2.dist-info" / "entry_points.txt").write_text("[some.group]\nacme\n")
    registry = Registry()

    assert set(registry.names()) >= BUILTIN
    assert "zenith" not in [each.name for each in registry.plugins()]
    assert other not in sys.modules


@pytest.mark.parametrize(
    ("value", "providers", "extensions"),
    [
        (None, {"acme", "zenith"}, {"log"}),
        ("", {"acme", "zenith"}, {"log"}),
        ("acme", {"acme"}, set()),
        (" acme , log ,", {"acme"}, {"log"}),
        ("none", set(), set()),
        ("none,acme", {"acme"}, set()),
        ("nobody", set(), set()),
    ],
)
def test_environment_limits_what_is_found(install, monkeypatch, value, providers, extensions):
    """MAILCORE_PLUGINS lists names, or says none; what comes with mailcore stays."""
    for name in ("acme", "zenith"):
        install(f"{name}-mail", PROVIDER.format(name=name), providers=[name])
    install("log-mail", EXTENSION, extensions=["log"])
    if value is not None:
        monkeypatch.setenv("MAILCORE_PLUGINS", value)
    registry = Registry()

    assert providers == {"acme", "zenith"} & set(registry.names())
    assert set(registry.names()) >= BUILTIN
    assert extensions == {"log"} & {p.name for p in registry.plugins() if p.kind == "extension"}


def test_environment_is_mentioned_when_it_hides_something(install, monkeypatch):
    """Whoever misses a provider learns why."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    monkeypatch.setenv("MAILCORE_PLUGINS", "none")

    with pytest.raises(ProviderNotFound, match="MAILCORE_PLUGINS limits what is found"):
        Registry().get_provider("acme")


def test_without_autoload_there_is_what_was_registered(install, chunked):
    """Nothing is looked up, so no installation is needed."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"], extensions=["log"])
    registry = Registry(autoload=False)
    registry.register(chunked)

    assert ("chunked",) == registry.names()
    assert "chunked" == Mailer("chunked", registry=registry).provider.name
    with pytest.raises(ProviderNotFound):
        registry.get_provider("acme")


def test_what_is_there_is_listed():
    """Asking for a provider that is not there says what is, and invents no package."""
    with pytest.raises(ProviderNotFound) as caught:
        Registry().get_provider("nobody")

    assert "" == caught.value.install_hint
    assert "mailcore-nobody" not in str(caught.value)
    assert "console" in str(caught.value)
    assert set(caught.value.installed) >= BUILTIN
    assert "nobody" == caught.value.name


def test_hint_at_what_is_spelled_alike():
    """A near miss names its neighbour."""
    with pytest.raises(ProviderNotFound, match="did you mean 'console'") as caught:
        Registry().get_provider("consol")

    assert "console" in caught.value.similar


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "x; rm -rf", "ses\n"])
def test_no_hint_for_what_is_no_name(name):
    """Nobody is told to install nonsense."""
    with pytest.raises(ProviderNotFound) as caught:
        Registry().get_provider(name)

    assert "" == caught.value.install_hint
    assert "pip install" not in str(caught.value)


@pytest.mark.parametrize("name", [None, 5, b"console", ["console"], MemoryProvider])
def test_names_are_text(name):
    """Another type is an error of the set-up."""
    with pytest.raises(ConfigurationError, match="must be str"):
        Registry().get_provider(name)


def test_extensions_are_loaded_with_the_first_mailer(install):
    """Not by discovery, and once."""
    module = install("log-mail", EXTENSION, extensions=["log"])
    registry = Registry()
    registry.get_provider("memory")
    assert module not in sys.modules

    for _ in range(2):
        Mailer("memory", registry=registry).send(MESSAGE)

    assert [MESSAGE, MESSAGE] == sys.modules[module].calls
    assert "loaded" == plugin(registry, "log", "extension").state


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module_anywhere",
        "raise SystemExit(1)",
        EXTENSION.replace("mailcore_message_sent", "mailcore_message_send"),
        EXTENSION.replace("(message)", "(nonsense)"),
    ],
    ids=["import error", "exit", "unknown hook", "unknown argument"],
)
def test_broken_extension_is_isolated(install, source, caplog):
    """Mail goes out, the other extensions run, and the list has the reason."""
    install("bad-log", source, extensions=["bad"])
    module = install("good-log", EXTENSION, extensions=["good"])
    registry = Registry()

    Mailer("memory", registry=registry).send(MESSAGE)

    assert [MESSAGE] == sys.modules[module].calls
    bad = plugin(registry, "bad", "extension")
    assert ("broken", "bad-log") == (bad.state, bad.distribution)
    assert bad.error
    assert "bad" in caplog.text


def test_extensions_do_not_replace_installed_providers(install):
    """An extension cannot take the name of a provider, loaded or not."""
    source = (
        PROVIDER.format(name="memory")
        + "from mailcore import hookimpl\n@hookimpl\ndef mailcore_register_providers():\n"
        + "    return [Provider]\n"
    )
    install("evil-log", source, extensions=["evil"])
    registry = Registry()

    mailer = Mailer("memory", registry=registry)

    assert MemoryProvider is type(mailer.provider)
    assert "installed already" in plugin(registry, "evil", "extension").error


def test_receiving_loads_extensions_too(install, chunked):
    """A process that only receives has its observers, although it makes no mailer."""
    from mailcore import WebhookRequest, receive

    source = EXTENSION.replace("message_sent(message)", "event_received(event)")
    module = install("log-mail", source.replace("(message)", "(event)"), extensions=["log"])

    request = WebhookRequest("POST", {"X-Secret": "open sesame"}, b"a@x.org")
    receive(chunked(), request, registry=Registry())

    assert ["a@x.org"] == [event.recipient for event in sys.modules[module].calls]


def test_registering_by_hand(chunked):
    """Twice the same is nothing new; another of the same name is an error."""
    registry = Registry(autoload=False)
    registry.register(chunked)
    registry.register(chunked, name="chunked")

    with pytest.raises(ConfigurationError, match="registered already"):
        registry.register(type("Other", (chunked,), {}))


@pytest.mark.parametrize("wrong", [None, 5, "console", object, Registry, MemoryProvider()])
def test_registering_what_is_no_provider_class(wrong):
    """Said at once."""
    with pytest.raises(ConfigurationError, match="not a subclass"):
        Registry(autoload=False).register(wrong)


def test_registering_without_a_name():
    """What to write, and where."""
    nameless = type("Nameless", (MemoryProvider,), {"name": None})

    with pytest.raises(ConfigurationError, match="Nameless has no name: write `name = 'acme'`"):
        Registry(autoload=False).register(nameless, name="acme")


def test_registering_under_another_name(chunked):
    """A provider's name is its own."""
    with pytest.raises(ConfigurationError, match="calls itself 'chunked'"):
        Registry(autoload=False).register(chunked, name="other")


@pytest.mark.slow
def test_transports_live_as_long_as_their_provider(chunked):
    """One per provider, the same each time; gone with it."""
    registry = Registry(autoload=False)
    provider = chunked()
    transport = registry.transport_for(provider)

    assert transport is registry.transport_for(provider)
    other = chunked()
    assert transport is not registry.transport_for(other)
    registry.close(provider)
    registry.close(provider)
    assert transport is not registry.transport_for(provider)

    gone = weakref.ref(registry.transport_for(other))
    del other
    gc.collect()
    assert gone() is None


def test_first_use_by_several_threads(install):
    """Whoever comes first, everybody gets the same class, and extensions are loaded once."""
    install("acme-mail", PROVIDER.format(name="acme"), providers=["acme"])
    source = EXTENSION
    module = install("log-mail", source, extensions=["log"])
    registry = Registry()
    together = threading.Barrier(8, timeout=10)
    mailers, errors = [], []

    def use():
        together.wait()
        try:
            mailers.append(mailer := Mailer("acme", registry=registry))
            mailer.send(MESSAGE)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == errors
    assert 1 == len({type(mailer.provider) for mailer in mailers})
    assert 8 == len(sys.modules[module].calls)


def test_default_registry_is_one():
    """Whichever thread asks first."""
    from mailcore.registry import default_registry

    together = threading.Barrier(8, timeout=10)
    found = []

    def ask():
        together.wait()
        found.append(default_registry())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(set(map(id, found)))
