"""URLs: taken apart, put together, encoded and decoded.

``encode`` is for one component (every reserved character is written as %XX),
``escape`` for a whole URL (only what may never stand in a URL is). Both, and
``decode``, give back the very object they got when there is nothing to do.
"""

import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

# SPEC RFC 3986, appendix B.
_PARTS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z",
    re.DOTALL,
)
_HOST_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{0,6}))?\Z", re.DOTALL)
_NEEDS_ENCODE = re.compile(r"[^A-Za-z0-9_.~\-]").search
_NEEDS_ESCAPE = re.compile(r"[^!-~]|[\"<>\\^`{|}]").search
# LIMIT: a request of a million one-letter fields costs more to hold than to send.
MAX_FIELDS = 1000

Query = dict[str, str | list[str | None] | None]


def encode(text: str) -> str:
    """Encode `text` to stand as one component of a URL."""
    return quote(text, safe="") if _NEEDS_ENCODE(text) else text


def escape(text: str, charset: str = "utf-8") -> str:
    """Encode what may not stand in a URL at all, leaving its structure alone.

    Text of a WSGI environ is bytes in disguise: its charset is ``latin-1``.
    """
    if not _NEEDS_ESCAPE(text):
        return text
    return quote(text, "!#$%&'()*+,/:;=?@[]~", charset, "replace")


def decode(text: str, charset: str = "utf-8", tolerant: bool = True) -> str:
    """Decode percent-encoding; a plus stays a plus.

    Args:
        text: What to decode.
        charset: What the bytes are written in.
        tolerant: Read bytes that are not `charset` as ISO-8859-1.

    Raises:
        UnicodeDecodeError: If the bytes are not `charset`, unless `tolerant`.
    """
    if "%" not in text:
        return text
    raw = unquote_to_bytes(text)
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        if not tolerant:
            raise
        return raw.decode("iso-8859-1")


def decompose_query(
    text: str,
    charset: str = "utf-8",
    tolerant: bool = True,
    max_fields: int = MAX_FIELDS,
) -> Query:
    """Take a query string or an urlencoded form apart.

    A repeated key has the list of its values, a key without ``=`` the value None.

    Raises:
        ValueError: If there are more than `max_fields` fields.
        UnicodeDecodeError: As `decode`.
    """
    if text.count("&") >= max_fields:
        raise ValueError(f"more than {max_fields} fields")
    fields: Query = {}
    for field in text.replace("+", " ").split("&"):
        if not field:
            continue
        raw_key, equals, raw_value = field.partition("=")
        key = decode(raw_key, charset, tolerant)
        value = decode(raw_value, charset, tolerant) if equals else None
        if key in fields:
            collect(fields, key, value)
        else:
            fields[key] = value
    return fields


def collect(fields: dict[str, Any], name: str, value: object) -> None:
    """Add a field; one that comes again has the list of its values."""
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]


def compose_query(fields: dict[str, object]) -> str:
    """Write `fields` as a query string: the inverse of `decompose_query`.

    A list repeats its key; None leaves the field out.
    """
    parts: list[str] = []
    for key, value in fields.items():
        values = value if isinstance(value, list | tuple) else (value,)
        parts += [
            f"{quote_plus(key)}={quote_plus(str(v))}" for v in values if v is not None
        ]
    return "&".join(parts)


class URL:
    """One URL as its parts; empty parts are None, the path is text as written."""

    scheme: str | None
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    path: str
    query: str | None
    fragment: str | None

    def __init__(self, text: "str | URL" = "") -> None:
        match = _PARTS.match(str(text))
        assert match is not None  # every string matches
        self.scheme, authority, self.path, self.query, self.fragment = match.groups()
        if authority is not None:
            self._take_authority(authority)

    def _take_authority(self, authority: str) -> None:
        userinfo, at, hostport = authority.rpartition("@")
        if at:
            user, colon, password = userinfo.partition(":")
            self.user = decode(user)
            self.password = decode(password) if colon else None
        match = _HOST_PORT.match(hostport)
        if match is None or int(match[2] or 0) > 65535:
            raise ValueError(f"not a host and port: {hostport!r}")
        self.host = match[1].lower()
        self.port = int(match[2]) if match[2] else None

    def __str__(self) -> str:
        return self.to_s()

    def __repr__(self) -> str:
        return f"URL({self.to_s(password=False)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self.to_s() == other.to_s()

    def __hash__(self) -> int:
        return hash(self.to_s())

    @property
    def uri(self) -> str:
        """Path, query and fragment: the URL as seen from its own host."""
        return self.to_s(scheme=False, user=False, host=False)

    def to_s(
        self,
        *,
        scheme: bool | str = True,
        user: bool | str = True,
        password: bool | str = True,
        host: bool | str = True,
        port: bool | int = True,
        path: bool | str = True,
        query: bool | str = True,
        fragment: bool | str = True,
    ) -> str:
        """Put the URL together, each part left out (False) or replaced (a value).

        `user` and `password` are plain text and get encoded; every other
        replacement is taken as it is. Without a host there is no authority.
        """

        def pick(choice: bool | int | str, own: str | None) -> str | None:
            if choice is True:
                return own
            return None if choice is False else str(choice)

        text = ""
        if value := pick(scheme, self.scheme):
            text = value + ":"
        if (value := pick(host, self.host)) is not None:
            text += "//"
            if name := pick(user, self.user):
                text += encode(name)
                if (word := pick(password, self.password)) is not None:
                    text += ":" + encode(word)
                text += "@"
            text += value
            own_port = None if self.port is None else str(self.port)
            if (number := pick(port, own_port)) is not None:
                text += ":" + number
        text += pick(path, self.path) or ""
        if (value := pick(query, self.query)) is not None:
            text += "?" + value
        if (value := pick(fragment, self.fragment)) is not None:
            text += "#" + value
        return text

    encode = staticmethod(encode)
    escape = staticmethod(escape)
    decode = staticmethod(decode)
    unescape = staticmethod(decode)
    decompose_query = staticmethod(decompose_query)
