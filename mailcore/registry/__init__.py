"""
Which providers there are and who else takes part: discovery, options, hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.registry.hookspecs import SubParsers, hookimpl, hookspec
    from mailcore.registry.provider_options import (
        ProviderOptions,
        message_options,
        option,
        takes_options,
    )
    from mailcore.registry.registry import Plugin, Registry, default_registry, get_provider
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "takes_options": "registry.provider_options",
            "option": "registry.provider_options",
            "message_options": "registry.provider_options",
            "ProviderOptions": "registry.provider_options",
            "SubParsers": "registry.hookspecs",
            "hookimpl": "registry.hookspecs",
            "hookspec": "registry.hookspecs",
            "Plugin": "registry.registry",
            "Registry": "registry.registry",
            "default_registry": "registry.registry",
            "get_provider": "registry.registry",
        },
    )

__all__ = [
    "Plugin",
    "ProviderOptions",
    "Registry",
    "SubParsers",
    "default_registry",
    "get_provider",
    "hookimpl",
    "hookspec",
    "message_options",
    "option",
    "takes_options",
]
