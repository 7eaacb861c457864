"""What an application says about itself: OPTIONS."""

from typing import TYPE_CHECKING

from smisk import http
from smisk.core.exchange import Exchange

if TYPE_CHECKING:
    from smisk.mvc.application import Application
    from smisk.mvc.leaf import Leaf


def answer_options(application: "Application", exchange: Exchange) -> object:
    """Answer OPTIONS: Allow, and a description of the leaves where that is enabled.

    Raises:
        http.NotFound: Nothing is at that path.
    """
    response = exchange.response
    if exchange.request.env.get("PATH_INFO", "") in ("*", "/*"):
        verbs = {m for leaf in application.router.leaves for m in leaf.methods}
        allowed = sorted(verbs | {"OPTIONS"})
        leaves = application.router.leaves
    else:
        allowed = application.router.allowed(exchange.cn_path)
        leaves = [leaf for leaf, _ in application.router.at(exchange.cn_path)]
    if not allowed:
        raise http.NotFound
    response.headers["Allow"] = ", ".join(allowed)
    if not application.enable_reflection:
        response.status = 204
        return None
    from smisk.mvc.representation import choose

    choose(application, exchange, leaves[0])
    return {"leaves": {leaf.path or leaf.name: describe(leaf) for leaf in leaves}}


def describe(leaf: "Leaf") -> dict[str, object]:
    """Describe a leaf as data."""
    return {
        "methods": list(leaf.methods),
        "formats": None if leaf.formats is None else list(leaf.formats),
        "description": (leaf.function.__doc__ or "").strip(),
        "routes": [route.pattern for route in leaf.routes],
        "parameters": {
            p.name: {"required": p.is_required, "type": p.type_name or "any"}
            for p in leaf.parameters.by_name.values()
        },
    }
