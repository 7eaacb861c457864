"""Response headers: a case-insensitive mapping that no value can break out of.

Names keep the spelling they were given, order is the order of first setting, and a
name may hold several values (``add``). The list manners of 2008 work as well:
``headers.append("Content-Type: text/plain")``.
"""

import re
from collections.abc import Iterable, Iterator, MutableMapping

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
# LIMIT: a line break (or NUL) in a value would start a header of the attacker's choice.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


Lines = tuple[tuple[str, str], ...]


class Headers(MutableMapping[str, str]):
    """Headers of one response."""

    __slots__ = ("_lines",)

    def __init__(self, lines: Iterable[str | tuple[str, str]] = ()) -> None:
        self._lines: dict[str, Lines] = {}
        for line in lines:
            if isinstance(line, str):
                self.append(line)
            else:
                self.add(*line)

    def __getitem__(self, name: str) -> str:
        lines = self._lines[name.lower()]
        return lines[0][1] if len(lines) == 1 else ", ".join(v for _, v in lines)

    def __setitem__(self, name: str, value: str) -> None:
        if not (value.isascii() and value.isprintable()):
            _check(name, value)
        self._lines[_KEYS.get(name) or _key(name)] = ((name, value),)

    def __delitem__(self, name: str) -> None:
        del self._lines[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._lines

    def __iter__(self) -> Iterator[str]:
        return (lines[0][0] for lines in self._lines.values())

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        return f"Headers({self.pairs()!r})"

    def has(self, key: str) -> bool:
        """Return whether there is a header of that lower-case name."""
        return key in self._lines

    def put(self, name: str, value: str) -> None:
        """Set a header whose name and value are known to be fit for one."""
        self._lines[name.lower()] = ((name, value),)

    def put_lines(self, lines: dict[str, Lines]) -> None:
        """Set several headers at once, each by its lower-case name."""
        self._lines.update(lines)

    def add(self, name: str, value: str) -> None:
        """Add one more line of `name`, keeping those it has."""
        _check(name, value)
        key = _key(name)
        self._lines[key] = (*self._lines.get(key, ()), (name, value))

    def append(self, line: str) -> None:
        """Add a header written as one line, ``Name: value``.

        Raises:
            ValueError: If the line has no colon or holds a forbidden character.
        """
        name, colon, value = line.partition(":")
        if not colon:
            msg = f"a header is written 'Name: value', not {line!r}"
            raise ValueError(msg)
        self.add(name.strip(), value.strip())

    def extend(self, lines: Iterable[str]) -> None:
        """Append every one of `lines`."""
        for line in lines:
            self.append(line)

    def get_all(self, name: str) -> list[str]:
        """Return the value of every line of `name`."""
        return [value for _, value in self._lines.get(name.lower(), ())]

    def pairs(self) -> list[tuple[str, str]]:
        """Return all lines as WSGI wants them."""
        return [pair for lines in self._lines.values() for pair in lines]

    def merge_tokens(self, name: str, *tokens: str) -> None:
        """Add `tokens` to a comma-separated header, each at most once."""
        if name.lower() not in self._lines:
            self.put(name, ", ".join(tokens))
            return
        have = self[name].split(", ")
        seen = {token.lower() for token in have}
        self[name] = ", ".join(have + [t for t in tokens if t.lower() not in seen])

    def keep_only(self, names: Iterable[str]) -> None:
        """Drop every header whose lower-case name is not among `names`."""
        self._lines = {k: self._lines[k] for k in names if k in self._lines}


# PERF: a name is looked at once, then known.
_KEYS: dict[str, str] = {}


def _key(name: str) -> str:
    if not _TOKEN(name):
        msg = f"not a header name: {name!r}"
        raise ValueError(msg)
    if len(_KEYS) < 1000:
        _KEYS[name] = name.lower()
    return name.lower()


def _check(name: str, value: str) -> None:
    if _FORBIDDEN(value):
        msg = f"control character in the value of {name!r}"
        raise ValueError(msg)
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        msg = f"the value of {name!r} does not fit a header: percent-encode it"
        raise ValueError(msg) from error
