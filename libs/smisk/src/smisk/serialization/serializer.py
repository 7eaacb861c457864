"""What a serializer is, and the registry an application has of them."""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

from smisk import http
from smisk.core.exchange import Exchange
from smisk.error import ConfigurationError, Error


class Unsuitable(Error):  # noqa: N818 - it is the data that is unsuitable
    """This data has no representation in this format."""


class Serializer:
    """Turns data into bytes of one format, and back where that is safe.

    Attributes:
        name: For people.
        extensions: The first is the format's name in ``formats=``.
        media_types: The first is sent unless the client asked for another.
        charset: What text is written in; None for formats of bytes.
        negotiates_charset: Whether Accept-Charset may choose another.
        unencodable: What becomes of characters the charset does not have; "strict":
            the answer is sent in ``charset`` after all.
        autoescape: Whether templates of this format escape markup.
        can_serialize: Whether it writes.
        can_deserialize: Whether it reads.
        errors_are_data: Whether errors are written as any data is.
    """

    name: str = ""
    extensions: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    charset: str | None = "utf-8"
    negotiates_charset: bool = False
    unencodable: ClassVar[Literal["strict", "xmlcharrefreplace"]] = "strict"
    autoescape: bool = True
    can_serialize: bool = True
    can_deserialize: bool = False
    errors_are_data: bool = False
    #: Whether a body names the leaf it is for (see `route`).
    names_leaf: bool = False

    @property
    def extension(self) -> str:
        """The extension that names the format."""
        return self.extensions[0]

    def serialize(self, data: object, exchange: Exchange) -> bytes | str:
        """Write `data`; text is encoded by the application.

        Raises:
            Unsuitable: If this data cannot be written so; answered 404 where the URL
                asked for the format, else 406.
        """
        raise NotImplementedError

    def serialize_error(
        self, error: http.HTTPError, exchange: Exchange
    ) -> bytes | str | None:
        """Write an error; None: this format has no way to, send the plain page."""
        if not self.errors_are_data:
            return None
        return self.serialize({"error": error.to_dict()}, exchange)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read the body of a request.

        Raises:
            ValueError: If it is malformed; answered 400.
        """
        raise NotImplementedError

    def route(self, exchange: Exchange) -> tuple[str, object]:
        """Return the path of the leaf a body is for, and its parameters.

        Raises:
            ValueError: If it is malformed; answered 400.
        """
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} .{self.extension}>"


class Registry:
    """The serializers of one application, by extension and by media type."""

    def __init__(self, serializers: Iterable[Serializer] = ()) -> None:
        self._all: list[Serializer] = []
        self.by_extension: dict[str, Serializer] = {}
        self.by_media_type: dict[str, Serializer] = {}
        #: Changes with every change; what was chosen before is void then.
        self.generation = 0
        for serializer in serializers:
            self.register(serializer)

    def __iter__(self) -> Iterator[Serializer]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __contains__(self, name: object) -> bool:
        return name in self.by_extension or name in self._all

    def register(self, serializer: Serializer | type[Serializer]) -> Serializer:
        """Add a serializer; it takes over its extensions and media types.

        One that keeps neither extension nor media type of its own is gone.
        """
        if isinstance(serializer, type):
            serializer = serializer()
        if not serializer.extensions or not serializer.media_types:
            msg = f"{type(serializer).__name__} needs extensions and media_types"
            raise ConfigurationError(msg)
        for extension in serializer.extensions:
            self.by_extension[extension.lower()] = serializer
        for media_type in serializer.media_types:
            self.by_media_type[media_type.lower()] = serializer
        self._all.append(serializer)
        self._changed()
        return serializer

    def unregister(self, serializer: Serializer | str | None = None) -> None:
        """Remove a serializer, or the one of an extension, or (None) all."""
        if isinstance(serializer, str):
            serializer = self.by_extension[serializer.lower()]
        for table in (self.by_extension, self.by_media_type):
            for key in [k for k, v in table.items() if serializer in (None, v)]:
                del table[key]
        self._changed()

    def associate(self, serializer: Serializer, media_type: str) -> None:
        """Let `serializer` also answer for `media_type`."""
        self.by_media_type[media_type.lower()] = serializer
        self._changed()

    def _changed(self) -> None:
        alive = {*self.by_extension.values(), *self.by_media_type.values()}
        self._all = [s for s in dict.fromkeys(self._all) if s in alive]
        self.generation += 1

    def find(self, name: str) -> Serializer | None:
        """Return the serializer of an extension or a media type."""
        name = name.lower()
        return self.by_extension.get(name) or self.by_media_type.get(name)

    def writers(self) -> list[Serializer]:
        """Return those that write and have an extension to be asked for by."""
        named = set(self.by_extension.values())
        return [s for s in self._all if s.can_serialize and s in named]

    def readers(self) -> list[Serializer]:
        """Return those that read."""
        return [s for s in self._all if s.can_deserialize]
