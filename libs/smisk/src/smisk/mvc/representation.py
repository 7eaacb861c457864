"""Which representation a client gets: extension, Accept and Accept-Charset decide.

It fills the exchange (serializer, media type, charset) and the response headers that
follow from the choice (Vary, Content-Location).
"""

from typing import TYPE_CHECKING, NamedTuple

from smisk import http
from smisk.core.exchange import Exchange
from smisk.core.request import PLAIN_PATH, escape_path
from smisk.core.url import escape
from smisk.negotiation import choose_charset, choose_media_type, codec_for
from smisk.serialization.serializer import Serializer

if TYPE_CHECKING:
    from smisk.mvc.application import Application
    from smisk.mvc.leaf import Leaf

#: LIMIT: Accept headers remembered for each leaf, and how long they may be.
MAX_REMEMBERED = 256
MAX_ACCEPT_SIZE = 1024


class Choice(NamedTuple):
    """What follows from a leaf and an Accept header, whatever the path.

    PERF: remembered for each leaf; working it out takes 5 us of 12 (2026-11).
    """

    serializer: Serializer
    media_type: str
    charset: str
    #: The Vary header; None where there is nothing to choose from.
    vary: tuple[str, str] | None


def take_path(application: "Application", exchange: Exchange) -> None:
    """Note the path of the request, without an extension that is registered."""
    request = exchange.request
    path = address = request.env.get("PATH_INFO") or "/"
    if PLAIN_PATH(path) and len(path) <= request.limits.max_path_size:
        request.path = path
    else:
        path, address = request.path, escape_path(path)
    if script := request.env.get("SCRIPT_NAME"):
        address = escape_path(script) + address
    exchange.cn_path, exchange.address = path, address
    if "." in path:
        head, _, extension = path.rpartition(".")
        serializer = application.serializers.by_extension.get(extension.lower())
        if serializer is not None and "/" in head:
            exchange.extension = extension.lower()
            exchange.serializer = serializer
            exchange.media_type = serializer.media_types[0]
            exchange.cn_path = head


def offers_of(
    application: "Application", leaf: "Leaf | None"
) -> tuple[Serializer, ...]:
    """Return what `leaf` can be answered in, the server's favourite first.

    Raises:
        KeyError: If the leaf names a format that is not registered.
    """
    if leaf is not None and leaf.formats is not None:
        by_extension = application.serializers.by_extension
        return tuple(by_extension[name.lower()] for name in leaf.formats)
    writers = application.serializers.writers()
    favourite = application.default_serializer
    if favourite is not None and favourite in writers:
        writers.remove(favourite)
        writers.insert(0, favourite)
    return tuple(writers)


def choose(application: "Application", exchange: Exchange, leaf: "Leaf") -> None:
    """Choose the serializer of this answer.

    Raises:
        http.NotFound: The extension asks for a format the leaf does not have.
        http.NotAcceptable: Accept leaves none.
        http.MultipleChoices: The client has no wish and the server no default.
    """
    response = exchange.response
    env = exchange.request.env
    if response.format is not None:
        insist(application, exchange, response.format)
    elif exchange.extension is not None:
        if exchange.serializer not in _offers(application, leaf):
            raise http.NotFound
        _choose_charset(application, exchange, is_only_choice=True)
    else:
        accept = env.get("HTTP_ACCEPT") or ""
        choice = leaf.choices.get(accept) or _by_accept(
            application, exchange, leaf, accept
        )
        exchange.serializer, exchange.media_type, exchange.charset, vary = choice
        if "HTTP_ACCEPT_CHARSET" in env:
            _choose_charset(application, exchange)
        if vary is not None:
            exchange.negotiated = True
            lines = response.lines
            if "vary" in lines:
                response.headers.merge_tokens("Vary", *vary[1].split(", "))
            else:
                lines["vary"] = vary
            if exchange.request.method in ("GET", "HEAD"):
                location = location_of(exchange, choice.serializer)
                lines["content-location"] = ("Content-Location", location)


def insist(application: "Application", exchange: Exchange, extension: str) -> None:
    """Take the serializer of `extension`, whatever the client wants."""
    serializer = application.serializers.by_extension[extension]
    exchange.serializer = serializer
    exchange.media_type = serializer.media_types[0]
    headers = exchange.response.headers
    if exchange.negotiated and "content-location" in headers.lines:
        headers["Content-Location"] = location_of(exchange, serializer)
    _choose_charset(application, exchange, is_only_choice=True)


def _offers(application: "Application", leaf: "Leaf") -> tuple[Serializer, ...]:
    leaf.offers = leaf.offers or offers_of(application, leaf)
    return leaf.offers


def _by_accept(
    application: "Application", exchange: Exchange, leaf: "Leaf", accept: str
) -> Choice:
    offers = _offers(application, leaf)
    chosen = (offers[0], offers[0].media_types[0])
    if accept.strip():
        pairs = [(s, media_type) for s in offers for media_type in s.media_types]
        found = choose_media_type(accept, pairs)
        if found is None and application.strict_negotiation:
            raise _listing(http.NotAcceptable(), exchange, offers)
        chosen = found or chosen
    elif not (leaf.formats or application.default_serializer or len(offers) == 1):
        raise _listing(http.MultipleChoices(), exchange, offers)
    serializer, media_type = chosen
    tokens = "Accept-Charset, Accept" if serializer.negotiates_charset else "Accept"
    vary = ("Vary", tokens) if len(offers) > 1 else None
    charset = serializer.charset or application.charset
    choice = Choice(serializer, media_type, charset, vary)
    if len(accept) <= MAX_ACCEPT_SIZE:
        if len(leaf.choices) >= MAX_REMEMBERED:
            leaf.choices.clear()
        leaf.choices[accept] = choice
    return choice


def _choose_charset(
    application: "Application", exchange: Exchange, *, is_only_choice: bool = False
) -> None:
    serializer = exchange.serializer
    assert serializer is not None
    exchange.charset = serializer.charset or application.charset
    if not serializer.negotiates_charset:
        return
    if is_only_choice:
        exchange.response.headers.merge_tokens("Vary", "Accept-Charset")
    wanted = exchange.request.env.get("HTTP_ACCEPT_CHARSET")
    if not wanted:
        return
    chosen = choose_charset(wanted, exchange.charset)
    if chosen is not None:
        exchange.charset = chosen
    elif application.strict_negotiation:
        msg = f"no charset of {wanted!r} can be written"
        raise http.NotAcceptable(msg, headers={"Vary": "Accept-Charset, Accept"})


def location_of(exchange: Exchange, serializer: Serializer) -> str:
    """Return the address of this resource in one format."""
    path = exchange.address
    if exchange.extension is not None:
        path = path.rpartition(".")[0]
    location = f"{path}.{serializer.extensions[0]}"
    if query := exchange.request.env.get("QUERY_STRING"):
        # LIMIT: a query may hold characters no header can.
        location += "?" + escape(query, "latin-1")
    return location


def encode_text(
    application: "Application", exchange: Exchange, serializer: Serializer, text: str
) -> bytes:
    """Encode `text` in the chosen charset, or as the serializer falls back."""
    charset = codec_for(exchange.charset) or "utf-8"
    try:
        return text.encode(charset, serializer.unencodable)
    except UnicodeEncodeError as error:
        fallback = serializer.charset or application.charset
        if application.strict_negotiation and fallback != exchange.charset:
            msg = f"this page cannot be written in {exchange.charset}"
            raise http.NotAcceptable(msg) from error
        exchange.charset = fallback
        return text.encode(fallback, "replace")


def _listing(
    error: http.HTTPError, exchange: Exchange, offers: tuple[Serializer, ...]
) -> http.HTTPError:
    """Let `error`, a 300 or 406, list every representation (RFC 2295)."""
    error.choices = [(location_of(exchange, one), one.name) for one in offers]
    error.headers["Vary"] = "Accept"
    error.description = "None of the formats there are is acceptable to you."
    if error.status == 300:
        error.description = "This is available in several formats."
        alternates = [
            f'{{"{address}" 1.0 {{type {one.media_types[0]}}}}}'
            for one, (address, _) in zip(offers, error.choices, strict=True)
        ]
        error.headers |= {"TCN": "list", "Alternates": ", ".join(alternates)}
        error.headers["Vary"] = "negotiate, Accept"
    return error
