"""Links to leaves, and redirects along them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from smisk import http
from smisk.mvc.control import Controller

if TYPE_CHECKING:
    from smisk.mvc.application import Application
    from smisk.mvc.leaf import Leaf

Target = str | Callable[..., Any] | type[Controller]


def uri_for(target: Target, /, **parameters: object) -> str:
    """Return the path of a leaf in the application answering right now."""
    return _application().uri_for(target, **parameters)


def _application() -> "Application":
    from smisk.mvc.application import Application

    application = Application.current
    assert isinstance(application, Application)
    return application


def _leaf(target: Target) -> "Leaf":
    return _application().router.leaf_for(target)


def path_to(target: Target) -> list[str]:
    """Return the names on the way to a leaf: ``["tags", "most-used"]``."""
    return [name for name in (_leaf(target).path or "").split("/") if name]


def template_for(target: Target) -> str:
    """Return the name of a leaf's template, without extension."""
    return _leaf(target).template


def redirect_to(
    target: Target, /, *, status: type[http.Redirect] = http.Found, **parameters: object
) -> NoReturn:
    """Send the client to a URL or a leaf; `parameters` go to its route or query.

    Raises:
        http.Redirect: Always.
    """
    if isinstance(target, str) and not target.startswith("/"):
        from smisk.core.url import compose_query

        query = compose_query(parameters)
        joint = "&" if "?" in target else "?"
        raise status(target + (joint + query if query else ""))
    raise status(uri_for(target, **parameters))
