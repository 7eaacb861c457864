"""What an application says about itself: OPTIONS, and ``/smisk:…``."""

from encodings.aliases import aliases
from typing import TYPE_CHECKING

from smisk import http
from smisk.core.exchange import Exchange
from smisk.mvc.control import Controller
from smisk.mvc.representation import choose
from smisk.negotiation import codec_for

if TYPE_CHECKING:
    from smisk.mvc.application import Application
    from smisk.mvc.leaf import Leaf


class Reflection(Controller):
    """Leaves that describe the application; reached as ``/smisk:NAME``."""

    def methods(self) -> dict[str, object]:
        """Every leaf there is."""
        leaves = self.application.router.leaves
        return {leaf.path or leaf.name: describe(leaf) for leaf in leaves}

    def charsets(self) -> dict[str, list[str]]:
        """Every charset that can be written, with its other names."""
        found: dict[str, list[str]] = {}
        for alias, name in sorted(aliases.items()):
            codec = codec_for(name)
            if codec is not None:
                found.setdefault(codec, []).append(alias.replace("_", "-"))
        return found

    def serializers(self) -> dict[str, object]:
        """Every serializer of the application."""
        return {
            one.extension: {
                "name": one.name,
                "extensions": list(one.extensions),
                "media_types": list(one.media_types),
                "writes": one.can_serialize,
                "reads": one.can_deserialize,
            }
            for one in self.application.serializers
        }


def answer_options(application: "Application", exchange: Exchange) -> object:
    """Answer OPTIONS: Allow, and a description of the leaves where that is enabled.

    Raises:
        http.NotFound: Nothing is at that path.
    """
    router = application.router
    response = exchange.response
    if exchange.request.env.get("PATH_INFO", "") in ("*", "/*"):
        leaves = router.leaves
        verbs = {verb for leaf in leaves for verb in leaf.methods}
        allowed = sorted(verbs | {"OPTIONS"})
    else:
        leaves = [leaf for leaf, _ in router.at(exchange.cn_path)]
        allowed = router.allowed(exchange.cn_path)
    if not allowed:
        raise http.NotFound
    response.headers["Allow"] = ", ".join(allowed)
    if not application.enable_reflection:
        response.status = 204
        return None
    choose(application, exchange, leaves[0])
    return {leaf.path or leaf.name: describe(leaf) for leaf in leaves}


def describe(leaf: "Leaf") -> dict[str, object]:
    """Describe a leaf as data."""
    return {
        "methods": list(leaf.methods),
        "formats": None if leaf.formats is None else list(leaf.formats),
        "description": (leaf.function.__doc__ or "").strip(),
        "routes": [route.pattern for route in leaf.routes],
        "parameters": {
            one.name: {"required": one.is_required, "type": one.type_name or "any"}
            for one in leaf.parameters.by_name.values()
        },
    }
