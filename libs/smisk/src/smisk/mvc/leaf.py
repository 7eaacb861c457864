"""A leaf: one method of one controller, ready to be called."""

from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

from smisk.mvc.control import Controller
from smisk.mvc.decorators import Filter, exposure_of
from smisk.mvc.parameter import Parameters

if TYPE_CHECKING:
    from smisk.mvc.representation import Choice
    from smisk.mvc.router import Route
    from smisk.serialization.serializer import Serializer


class Leaf:
    """What answers at a path.

    Attributes:
        path: Where it is reached by name; None if only routes lead to it.
        template: Name of its template, without extension.
        function: The method as defined; identifies the leaf in links.
        methods: The verbs it answers, HEAD included.
        action: The function with its controller and all filters around it.
        offers: Serializers it can answer with; empty until they are asked for.
        choices: What was chosen for which Accept header.
        templates: What template goes with which serializer.
    """

    def __init__(
        self,
        controller: Controller,
        name: str,
        function: Callable[..., Any],
        filters: tuple[Filter, ...] = (),
    ) -> None:
        exposure = exposure_of(function)
        base = type(controller).controller_path()
        self.controller = controller
        self.name = name
        self.function = function
        self.formats = exposure.formats or type(controller).formats
        self.methods = exposure.methods
        self.raw = exposure.raw
        self.parameters = Parameters(function)
        self.takes_parameters = bool(self.parameters)
        slug = exposure.slug
        if name == "__call__":
            segments, own = base, (*base, "index")
        else:
            segments = own = (*base, slug or name)
        self.path = None if slug is None else "/" + "/".join(segments)
        self.template = exposure.template or "/".join(own)
        self.action: Callable[..., Any] = MethodType(function, controller)
        for one in reversed((*filters, *exposure.filters)):
            self.action = partial(one, self.action)
        self.routes: list[Route] = []
        self.forget()

    def forget(self) -> None:
        """Forget what was chosen: formats or templates have changed."""
        self.offers: tuple[Serializer, ...] = ()
        self.choices: dict[str, Choice] = {}
        self.templates: dict[Serializer, Any] = {}

    def __repr__(self) -> str:
        return f"<Leaf {self.path or self.name} {'|'.join(self.methods)}>"
