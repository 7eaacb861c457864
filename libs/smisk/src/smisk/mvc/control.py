"""Controllers: a tree of classes, each class its parent's child in the path."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from smisk.core.exchange import InExchange, current
from smisk.mvc.decorators import exposure_of

if TYPE_CHECKING:
    from smisk.mvc.application import Application

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Controller(InExchange):
    """Base of every controller.

    A direct subclass is the root of a tree; a subclass of that answers below it.
    There is one instance of each class, shared by all requests: what belongs to one
    request is found through ``self.request`` and ``self.response``.

    Attributes:
        slug: Its name in the path; default: the class name with underscores, without
            a final ``Controller``.
        formats: Formats of its leaves that say none themselves.
    """

    slug: ClassVar[str | None] = None
    formats: ClassVar[tuple[str, ...] | None] = None

    @property
    def application(self) -> "Application":
        """The application this controller answers in."""
        return current().application  # type: ignore[return-value]

    @classmethod
    def controller_name(cls) -> str:
        """Return the name of the class in a path."""
        own = cls.__dict__.get("slug")
        if own is not None:
            return str(own)
        name = cls.__name__
        if name.endswith("Controller") and name != "Controller":
            name = name.removesuffix("Controller").rstrip("_")
        return _WORD.sub("_", name).lower()

    @classmethod
    def controller_parent(cls) -> "type[Controller] | None":
        """Return the class above in the tree; None for a root."""
        for base in cls.__bases__:
            if issubclass(base, Controller) and base is not Controller:
                return base
        return None

    @classmethod
    def controller_path(cls) -> tuple[str, ...]:
        """Return the names from below the root down to this class."""
        parent = cls.controller_parent()
        if parent is None:
            return ()
        return (*parent.controller_path(), cls.controller_name())

    @classmethod
    def controller_uri(cls) -> str:
        """Return the path of this class."""
        return "/" + "/".join(cls.controller_path())

    @classmethod
    def child_controllers(cls) -> "list[type[Controller]]":
        """Return the classes right below, in order of definition."""
        return [
            child
            for child in cls.__subclasses__()
            if child.controller_parent() is cls
            and not child.__dict__.get("__smisk_hidden__")
        ]

    @classmethod
    def leaf_functions(cls) -> Iterator[tuple[str, Callable[..., object]]]:
        """Yield name and function of every leaf this class answers by itself.

        Those are its own methods, those of mix-ins that are no controllers, and
        inherited ones that delegate; of one name the nearest counts.
        """
        seen: set[str] = set()
        for base in cls.__mro__:
            if base in Controller.__mro__:
                continue
            is_own = base is cls or not issubclass(base, Controller)
            for name, function in base.__dict__.items():
                is_first = name not in seen
                seen.add(name)
                is_public = name == "__call__" or not name.startswith("_")
                if is_first and is_public and inspect.isfunction(function):
                    exposure = exposure_of(function)
                    if not exposure.hidden and (is_own or exposure.delegates):
                        yield name, function


def method_origin(cls: type[Controller], name: str) -> type | None:
    """Return the class whose method `name` of `cls` is: itself, or one above."""
    return next((base for base in cls.__mro__ if name in base.__dict__), None)


def find_root(name: str = "root") -> type[Controller] | None:
    """Return the root of a tree called `name`: the one defined last."""
    for child in reversed(Controller.__subclasses__()):
        if child.__name__ == name:
            return child
    return None
