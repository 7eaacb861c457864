"""The MVC application: from a request to a leaf, from its data to a representation."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from smisk import core, http
from smisk.core.exchange import Exchange, current, exchange_var
from smisk.error import ConfigurationError
from smisk.mvc import representation
from smisk.mvc.control import Controller, find_root
from smisk.mvc.decorators import Filter
from smisk.mvc.known import Memory
from smisk.mvc.leaf import Leaf
from smisk.mvc.life import serve, variables_of, write
from smisk.mvc.reflection import Reflection
from smisk.mvc.router import Router, Target
from smisk.negotiation import choose_media_type
from smisk.serialization import defaults
from smisk.serialization.serializer import Registry, Serializer

if TYPE_CHECKING:
    from smisk.mvc.model import Model
    from smisk.mvc.template import Templates

log = logging.getLogger("smisk.application")


class Application(core.Application):
    """Routes requests to the leaves of a controller tree.

    Attributes:
        root: The class at the root of the tree; None: the one named "root".
        template_folders: Where templates are looked for, in order.
        default_format: Extension of the format sent to who has no wish; None: 300.
        strict_negotiation: Whether a wish that cannot be met is a 406; otherwise
            the default is sent.
        etag: Whether answers without an ETag get one of their bytes.
        leaf_filters: Filters around every leaf, the first outermost.
        error_templates: Templates by status, 0 for any; default: ``errors/<status>``,
            ``errors/any``.
        enable_reflection: Whether OPTIONS describes leaves, and ``/smisk:methods``,
            ``/smisk:charsets``, ``/smisk:serializers`` answer.
        autoreload: Whether templates are looked at for changes at each use.
        model: The database (see `smisk.mvc.model`).
    """

    root: type[Controller] | None = None
    template_folders: tuple[Path | str, ...] = ()
    default_format: str | None = "html"
    strict_negotiation = True
    etag = True
    leaf_filters: tuple[Filter, ...] = ()
    error_templates: ClassVar[dict[int, str]] = {}
    enable_reflection = False
    autoreload = False
    model: "Model | None" = None
    _read_at_each_request = (
        *core.Application._read_at_each_request,
        "autoreload", "etag", "model", "strict_negotiation", "template_folders",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.serializers: Registry = defaults()
        root = self.root or find_root()
        self.router = Router(root, self.leaf_filters)
        self._templates: Templates | None = None
        self._generation = -1
        self._known = Memory()
        self.router.changed = self._known.clear
        self.default_serializer: Serializer | None = None

    @property
    def templates(self) -> "Templates":
        """The templates; needs Jinja2.

        Raises:
            ConfigurationError: If Jinja2 is not installed.
        """
        if self._templates is None:
            try:
                from smisk.mvc.template import Templates
            except ImportError as error:
                msg = "templates need Jinja2: install hunch-smisk[template]"
                raise ConfigurationError(msg) from error
            escaped = {
                name
                for name, one in self.serializers.by_extension.items()
                if one.autoescape
            }
            self._templates = Templates(
                self.template_folders, escaped, reload=self.autoreload
            )
            self._templates.environment.globals["uri_for"] = self.uri_for
            self._templates.environment.globals["app"] = self
        return self._templates

    def start(self) -> None:
        """Read the class tree, then start as any application."""
        if not self._is_started:
            self.setup()
        super().start()

    def setup(self) -> None:
        """Put together what is declared; complain now about what cannot work.

        Raises:
            ConfigurationError: On a format nobody serializes, a route that is none.
        """
        self.router.build()
        if self.enable_reflection:
            told = Reflection()
            for name, function in Reflection.leaf_functions():
                self.router.add(Leaf(told, name, function), f"/smisk:{name}")
        self._refresh()
        for leaf in self.router.leaves:
            try:
                leaf.offers = representation.offers_of(self, leaf)
            except KeyError as error:
                msg = f"{leaf!r}: no serializer has the extension {error}"
                raise ConfigurationError(msg) from error

    def _refresh(self) -> None:
        """Forget choices made among serializers that have changed since."""
        self._generation = self.serializers.generation
        self._known.clear()
        self.default_serializer = None
        if self.default_format is not None:
            self.default_serializer = self.serializers.find(self.default_format)
        for leaf in self.router.leaves:
            leaf.forget()

    # -- the life of a request -----------------------------------------------------------

    def service(self) -> None:
        """Answer one request: see the guide for the order of things."""
        serve(self, exchange_var.get())

    # -- errors --------------------------------------------------------------------------

    def error(self, error: http.HTTPError) -> None:
        """Write an error in the format the client asked for."""
        exchange = current()
        serializer = exchange.serializer or self._serializer_of_error(exchange)
        if exchange.extension is None and not error.choices:
            exchange.response.headers.merge_tokens("Vary", "Accept")
        encoded: bytes | str | None = None
        if serializer is not None and not error.choices:
            exchange.media_type = serializer.media_types[0]
            exchange.charset = serializer.charset or self.charset
            encoded = self._error_template(
                error, exchange, serializer
            ) or serializer.serialize_error(error, exchange)
        if serializer is None or encoded is None:
            self.plain_error(error)
        else:
            write(self, exchange, serializer, encoded)

    def _serializer_of_error(self, exchange: Exchange) -> Serializer | None:
        accept = exchange.request.env.get("HTTP_ACCEPT") or ""
        pairs = [
            (one, media_type)
            for one in representation.offers_of(self, None)
            for media_type in one.media_types
        ]
        chosen = choose_media_type(accept, pairs) if accept else None
        return chosen[0] if chosen else self.default_serializer

    def _error_template(
        self, error: http.HTTPError, exchange: Exchange, serializer: Serializer
    ) -> str | None:
        if not self.template_folders:
            return None
        names = self.error_templates
        for name in (
            names.get(error.status, f"errors/{error.status}"),
            names.get(0, "errors/any"),
        ):
            template = self.templates.find(f"{name}.{serializer.extension}")
            if template is not None:
                variables = variables_of(exchange, {"error": error})
                return self.templates.render(template, variables)
        return None

    # -- links -------------------------------------------------------------------------

    def uri_for(self, target: Target, /, **parameters: object) -> str:
        """Return the path of a leaf (its function, controller or path)."""
        return self.router.uri_for(target, parameters)
