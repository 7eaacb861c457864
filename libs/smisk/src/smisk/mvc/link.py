"""Links to leaves, and redirects along them."""

from collections.abc import Callable
from typing import Any, NoReturn

from smisk import http
from smisk.core.exchange import current
from smisk.mvc.control import Controller

Target = str | Callable[..., Any] | type[Controller]


def uri_for(target: Target, /, **parameters: object) -> str:
    """Return the path of a leaf in the application answering right now."""
    from smisk.mvc.application import Application

    application = current().application
    assert isinstance(application, Application)
    return application.uri_for(target, **parameters)


def redirect_to(
    target: Target,
    /,
    *,
    status: type[http.Redirect] = http.Found,
    **parameters: object,
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
