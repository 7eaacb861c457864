"""What followed from a path and an Accept header, kept for when both come again.

Nothing a leaf computes is kept, nothing of a client's besides these two.
"""

from typing import Any

from smisk.core.exchange import Exchange
from smisk.core.response import Response
from smisk.mvc.leaf import Leaf

Key = tuple[str | None, str | None]
#: LIMIT: of each memory; beyond it everything in it is forgotten.
MAX_REMEMBERED = 2048
MAX_KEY_SIZE = 1024
_UNCHANGING = frozenset({str, int, float, bool, type(None)})


class Known:
    """What one exchange had come to.

    PERF: a routed JSON reply takes 5.6 us so and 8.4 us otherwise (2026-11).
    """

    def __init__(
        self, one: Exchange, script: str, found: tuple[Leaf, dict[str, Any]]
    ) -> None:
        response: Response = one.response
        self.found = found
        self.script = script
        self.serializer = one.serializer
        self.media_type = one.media_type
        self.charset = one.charset
        self.extension = one.extension
        self.cn_path = one.cn_path
        self.address = one.address
        self.negotiated = one.negotiated
        self.vary = response.lines.get("vary")
        self.location = response.lines.get("content-location")


class Memory:
    """What is known of the addresses of one application."""

    def __init__(self) -> None:
        self._known: dict[Key, Known] = {}
        self._seen: list[object] = [None] * MAX_REMEMBERED

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        """Forget what is known: routes or serializers have changed."""
        self._known.clear()

    def recall(
        self, one: Exchange, env: dict[str, Any], key: Key
    ) -> tuple[Leaf, dict[str, Any]] | None:
        """Give an exchange what it would come to by itself; None if that is unknown."""
        known = self._known.get(key)
        if (
            known is None
            or env["REQUEST_METHOD"] != "GET"
            or env.get("QUERY_STRING")
            or "HTTP_ACCEPT_CHARSET" in env
            or env.get("SCRIPT_NAME", "") != known.script
        ):
            return None
        one.leaf = known.found[0]
        one.serializer = known.serializer
        one.media_type = known.media_type
        one.charset = known.charset
        one.extension = known.extension
        one.cn_path = known.cn_path
        one.address = known.address
        one.negotiated = known.negotiated
        response: Response = one.response
        if known.vary is not None:
            response.lines["vary"] = known.vary
        if known.location is not None:
            response.lines["content-location"] = known.location
        return known.found

    def remember(
        self,
        one: Exchange,
        env: dict[str, Any],
        key: Key,
        found: tuple[Leaf, dict[str, Any]],
    ) -> None:
        """Keep what a GET came to, if path and Accept told all there was to know."""
        if (
            env["REQUEST_METHOD"] != "GET"
            or env.get("QUERY_STRING")
            or "HTTP_ACCEPT_CHARSET" in env
        ):
            return
        # What is asked for once may never be again; of marks that share a place the
        # last stays.
        mark = hash(key)
        place = mark % MAX_REMEMBERED
        if self._seen[place] != mark:
            self._seen[place] = mark
            return
        if (
            key not in self._known
            and _UNCHANGING.issuperset(map(type, found[1].values()))
            and len(key[0] or "") + len(key[1] or "") <= MAX_KEY_SIZE
        ):
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = Known(one, env.get("SCRIPT_NAME", ""), found)
