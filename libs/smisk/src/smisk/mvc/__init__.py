"""Controllers as a tree of classes, leaves that answer in every format."""

from typing import TYPE_CHECKING, Any, cast

from smisk import http as http
from smisk.core.exchange import Exchange, current
from smisk.core.url import URL
from smisk.mvc.application import Application
from smisk.mvc.control import Controller, method_origin
from smisk.mvc.decorators import expose, hide, leaf_filter
from smisk.mvc.link import path_to, redirect_to, template_for, uri_for
from smisk.serialization.serializer import Serializer

if TYPE_CHECKING:
    from smisk.core.request import Request
    from smisk.core.response import Response

__all__ = [
    "URL", "Application", "Controller", "Exchange", "Serializer", "app", "current",
    "expose", "hide", "http", "leaf_filter", "main", "method_origin", "path_to",
    "redirect_to", "request", "response", "template_for", "uri_for",
]  # fmt: skip


class _Proxy:
    """Stands for one thing of the exchange being served."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(current(), self.__dict__["_name"]), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(getattr(current(), self.__dict__["_name"]), name, value)


#: The application, request and response of the exchange being served.
app = cast("Application", _Proxy("application"))
request = cast("Request", _Proxy("request"))
response = cast("Response", _Proxy("response"))


def main(application: Application | None = None, bind: str | None = None) -> int:
    """Run an application; by default one of the controllers under ``root``."""
    return (application or Application()).run(bind)
