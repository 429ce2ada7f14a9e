"""
Which providers there are and who else takes part: discovery, options, hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.registry.hookspecs import SubParsers, hookimpl
    from mailcore.registry.options import option_missing
    from mailcore.registry.provider_options import (
        ProviderOptions,
        is_above_zero,
        is_base_url,
        is_one_line,
        is_token,
        message_options,
        option,
        takes_options,
        without_last_slash,
    )
    from mailcore.registry.registry import Plugin, Registry, default_registry, get_provider
    from mailcore.registry.usual_options import base_url_option, key_option
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "SubParsers": "registry.hookspecs",
            "hookimpl": "registry.hookspecs",
            "option_missing": "registry.options",
            "ProviderOptions": "registry.provider_options",
            "is_above_zero": "registry.provider_options",
            "is_base_url": "registry.provider_options",
            "is_one_line": "registry.provider_options",
            "is_token": "registry.provider_options",
            "message_options": "registry.provider_options",
            "option": "registry.provider_options",
            "takes_options": "registry.provider_options",
            "without_last_slash": "registry.provider_options",
            "Plugin": "registry.registry",
            "Registry": "registry.registry",
            "default_registry": "registry.registry",
            "get_provider": "registry.registry",
            "base_url_option": "registry.usual_options",
            "key_option": "registry.usual_options",
        },
    )

__all__ = [
    "Plugin",
    "ProviderOptions",
    "Registry",
    "SubParsers",
    "base_url_option",
    "default_registry",
    "get_provider",
    "hookimpl",
    "is_above_zero",
    "is_base_url",
    "is_one_line",
    "is_token",
    "key_option",
    "message_options",
    "option",
    "option_missing",
    "takes_options",
    "without_last_slash",
]
