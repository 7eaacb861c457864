"""Words about leaves: ``expose``, ``hide``, ``leaf_filter``."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypedDict, TypeVar, Unpack, overload

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

#: Takes the leaf and its parameters, and answers in its place.
Filter = Callable[..., Any]
DEFAULT_METHODS = ("GET", "POST", "HEAD")


@dataclass(slots=True)
class Exposure:
    """What is said about a leaf."""

    slug: str | None = ""  # "": the function's name; None: no name, only routes
    template: str | None = None
    formats: tuple[str, ...] | None = None
    methods: tuple[str, ...] = DEFAULT_METHODS
    delegates: bool = False
    routes: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    raw: bool = False
    hidden: bool = False


def exposure_of(function: Callable[..., object]) -> Exposure:
    """Return what was said about `function`."""
    exposure = getattr(function, "__smisk__", None)
    return exposure if isinstance(exposure, Exposure) else Exposure()


class Options(TypedDict, total=False):
    """What `expose` may be told."""

    template: str | None
    formats: Iterable[str] | None
    methods: Iterable[str] | None
    delegates: bool
    route: str | Iterable[str] | None
    filters: Iterable[Filter]
    raw: bool


@overload
def expose(slug: F) -> F: ...
@overload
def expose(slug: str | None = "", **options: Unpack[Options]) -> Callable[[F], F]: ...
def expose(
    slug: F | str | None = "", **options: Unpack[Options]
) -> F | Callable[[F], F]:
    """Say how a leaf is reached and what it answers.

    Args:
        slug: Its name in the path instead of the function's; None: reached by its
            routes only.
        options: template: name of its template, without extension.
            formats: extensions of the serializers it answers in, most preferred first;
            None: all there are.
            methods: verbs it answers; HEAD comes with GET. Default: GET and POST.
            delegates: whether descendants of its controller inherit it.
            route: one pattern or several (see `smisk.mvc.router`).
            filters: filters around it, the first outermost.
            raw: leave the body of the request to the leaf.
    """
    if callable(slug):
        function = slug
        if not hasattr(function, "__smisk__"):
            function.__smisk__ = Exposure()  # type: ignore[attr-defined]
        return function
    name = slug
    if name is not None and ("/" in name or name in {".", ".."}):
        raise ValueError(f"a slug is one segment of a path, not {name!r}; use route=")
    formats, methods = options.get("formats"), options.get("methods")
    route = options.get("route") or ()
    exposure = Exposure(
        slug=name,
        template=options.get("template"),
        formats=None if formats is None else tuple(formats),
        methods=DEFAULT_METHODS if methods is None else verbs(methods),
        delegates=options.get("delegates", False),
        routes=(route,) if isinstance(route, str) else tuple(route),
        filters=tuple(options.get("filters", ())),
        raw=options.get("raw", False),
    )

    def decorate(function: F) -> F:
        hidden = exposure_of(function).hidden
        function.__smisk__ = replace(exposure, hidden=hidden)  # type: ignore[attr-defined]
        return function

    return decorate


def verbs(methods: Iterable[str]) -> tuple[str, ...]:
    """Return `methods` in upper case, each once; HEAD comes with GET."""
    names = (methods,) if isinstance(methods, str) else methods
    found = dict.fromkeys(name.upper() for name in names)
    return tuple(found | {"HEAD": None} if "GET" in found else found)


def hide(leaf: C) -> C:
    """Make a method, or a controller with all below it, unreachable."""
    if isinstance(leaf, type):
        leaf.__smisk_hidden__ = True  # type: ignore[attr-defined]
        return leaf
    exposure = exposure_of(leaf)  # type: ignore[arg-type]
    exposure.hidden = True
    leaf.__smisk__ = exposure  # type: ignore[attr-defined]
    return leaf


def leaf_filter(function: Filter) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a decorator of leaves from ``function(leaf, *args, **parameters)``.

    The filter answers in the leaf's place; it calls ``leaf(*args, **parameters)`` when,
    and with what, it sees fit::

        @leaf_filter
        def shout(leaf, *args, **parameters):
            return {"message": leaf(*args, **parameters)["message"].upper()}

        class root(Controller):
            @shout
            def __call__(self): ...
    """

    def decorator(leaf: Callable[P, R]) -> Callable[P, R]:
        @wraps(leaf)
        def filtered(*args: P.args, **parameters: P.kwargs) -> R:
            answer: R = function(leaf, *args, **parameters)
            return answer

        return filtered

    return decorator
