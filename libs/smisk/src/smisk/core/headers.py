"""Response headers: a case-insensitive mapping that no value can break out of.

Names keep the spelling they were given, order is the order of first setting, and a
name may hold several values (``add``). The list manners of 2008 work as well:
``headers.append("Content-Type: text/plain")``.
"""

import re
from collections.abc import Iterable, Iterator, MutableMapping
from wsgiref.util import is_hop_by_hop

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
# LIMIT: a line break (or NUL) in a value would start a header of the attacker's choice.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


class Headers(MutableMapping[str, str]):
    """Headers of one response.

    Attributes:
        lines: The first line of each name, by that name in lower case. To look at;
            set values by the methods, which check them.
    """

    __slots__ = ("_more", "lines")

    def __init__(self, lines: Iterable[str | tuple[str, str]] = ()) -> None:
        self.lines: dict[str, tuple[str, str]] = {}
        #: PERF: further lines of the few names that have any.
        self._more: dict[str, list[tuple[str, str]]] = {}
        if lines:
            for line in lines:
                self.append(line) if isinstance(line, str) else self.add(*line)

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __setitem__(self, name: str, value: str) -> None:
        key = _checked(name, value)
        self.lines[key] = (name, value)
        self._more.pop(key, None)

    def __delitem__(self, name: str) -> None:
        del self.lines[name.lower()]
        self._more.pop(name.lower(), None)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self.lines

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.lines.values())

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"Headers({self.pairs()!r})"

    def add(self, name: str, value: str) -> None:
        """Add one more line of `name`, keeping those it has."""
        key = _checked(name, value)
        if key in self.lines:
            self._more.setdefault(key, []).append((name, value))
        else:
            self.lines[key] = (name, value)

    def append(self, line: str) -> None:
        """Add a header written as one line, ``Name: value``.

        Raises:
            ValueError: If the line has no colon or holds a forbidden character.
        """
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"a header is written 'Name: value', not {line!r}")
        self.add(name.strip(), value.strip())

    def extend(self, lines: Iterable[str]) -> None:
        """Append every one of `lines`."""
        for line in lines:
            self.append(line)

    def get_all(self, name: str) -> list[str]:
        """Return the value of every line of `name`."""
        key = name.lower()
        return [value for _, value in self._all(key)] if key in self.lines else []

    def _all(self, key: str) -> list[tuple[str, str]]:
        return [self.lines[key], *self._more.get(key, ())]

    def pairs(self) -> list[tuple[str, str]]:
        """Return all lines as WSGI wants them."""
        if not self._more:
            return list(self.lines.values())
        return [line for key in self.lines for line in self._all(key)]

    def merge_tokens(self, name: str, *tokens: str) -> None:
        """Add `tokens` to a comma-separated header, each at most once."""
        have = self[name].split(", ") if name in self else []
        seen = {token.lower() for token in have}
        self[name] = ", ".join(have + [t for t in tokens if t.lower() not in seen])

    def keep_only(self, names: Iterable[str]) -> None:
        """Drop every header whose lower-case name is not among `names`."""
        kept = {k: self.lines[k] for k in names if k in self.lines}
        self.lines.clear()
        self.lines.update(kept)


# PERF: a name is looked at once, then known.
_KEYS: dict[str, str] = {}


def _checked(name: str, value: str) -> str:
    """Return the key of a header that may be sent."""
    key = _KEYS.get(name)
    if key is None:
        if not _TOKEN(name):
            raise ValueError(f"not a header name: {name!r}")
        if is_hop_by_hop(name):
            raise ValueError(f"{name} belongs to the server")
        key = name.lower()
        if len(_KEYS) < 1000:
            _KEYS[name] = key
    if not (value.isascii() and value.isprintable()):
        if _FORBIDDEN(value):
            raise ValueError(f"control character in the value of {name!r}")
        try:
            value.encode("latin-1")
        except UnicodeEncodeError as error:
            msg = f"the value of {name!r} does not fit a header: percent-encode it"
            raise ValueError(msg) from error
    return key
