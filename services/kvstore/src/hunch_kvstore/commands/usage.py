"""Writes the arguments of a command, which Redis tells as a tree, as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def usage_of(arguments: Sequence[Mapping[str, Any]]) -> str:
    """Return what stands after a command's name: ``key value [NX | XX] [GET]``."""
    return " ".join(map(_shown, arguments))


def _shown(argument: Mapping[str, Any]) -> str:
    kind = argument["type"]
    flags = argument.get("flags", ())
    token = argument.get("token", "")
    is_optional = "optional" in flags
    if kind == "pure-token":
        text = token
    elif kind == "oneof":
        text = " | ".join(map(_shown, argument["arguments"]))
        if not is_optional or token or "multiple" in flags:
            text = f"<{text}>"
    elif kind == "block":
        text = usage_of(argument["arguments"])
    else:
        text = argument["name"]
    once = f"{token} {text}" if token and kind != "pure-token" else text
    if "multiple_token" in flags:
        once = f"{once} [{once} ...]"
    elif "multiple" in flags:
        once = f"{once} [{text} ...]"
    return f"[{once}]" if is_optional else once
