"""From path and verb to leaf.

Rules: patterns come first, in their order, and the first that matches path and verb
wins; then the class tree decides by name. Case and one trailing slash do not count.

Theory: a leaf of the tree takes no segments beyond its own, so the whole tree is a
table from path to leaves.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from smisk import http
from smisk.core.url import compose_query, encode
from smisk.error import ConfigurationError
from smisk.mvc.control import Controller
from smisk.mvc.decorators import Filter, exposure_of
from smisk.mvc.leaf import Leaf

_SHORT = re.compile(r"<([A-Za-z_]\w*)(?::(int|path))?>")
_KINDS = {None: r"[^/]+", "int": r"[0-9]+", "path": r".+"}
#: A leaf: its function, its controller class (for ``__call__``), or its path.
Target = "str | Callable[..., Any] | type[Controller]"


class Destination(NamedTuple):
    """Where a path leads."""

    leaf: Leaf
    groups: dict[str, str]


class Route:
    """A pattern that leads to a leaf.

    Args:
        pattern: ``/item/<id>`` in short form, or a regular expression from ``^`` on.
        leaf: Where it leads.
        methods: Verbs it is for; None: those of the leaf.
    """

    __slots__ = ("leaf", "match", "methods", "names", "pattern")

    def __init__(
        self, pattern: str, leaf: Leaf, methods: tuple[str, ...] | None = None
    ) -> None:
        self.pattern = pattern
        self.leaf = leaf
        if methods is not None and "GET" in methods:
            methods = (*methods, "HEAD")
        self.methods = leaf.methods if methods is None else methods
        try:
            compiled = re.compile(_expression(pattern), re.IGNORECASE | re.DOTALL)
        except re.error as error:
            msg = f"route {pattern!r}: {error}"
            raise ConfigurationError(msg) from error
        self.match = compiled.match
        self.names = tuple(compiled.groupindex)

    def build(self, parameters: dict[str, object]) -> str | None:
        """Write the path with `parameters` in it; None if it cannot be."""
        if self.pattern.startswith("^") or any(
            parameters.get(name) is None for name in self.names
        ):
            return None

        def fill(match: re.Match[str]) -> str:
            text = str(parameters[match[1]])
            if match[2] == "path":
                return "/".join(encode(part) for part in text.split("/"))
            return encode(text)

        return _SHORT.sub(fill, self.pattern)


def _expression(pattern: str) -> str:
    if pattern.startswith("^"):
        return pattern
    if not pattern.startswith("/"):
        msg = f"a route starts with a slash (or ^), not {pattern!r}"
        raise ConfigurationError(msg)
    parts = []
    at = 0
    for match in _SHORT.finditer(pattern):
        parts.append(re.escape(pattern[at : match.start()]))
        parts.append(f"(?P<{match[1]}>{_KINDS[match[2]]})")
        at = match.end()
    parts.append(re.escape(pattern[at:].rstrip("/")))
    return "".join(parts) + r"/?\Z"


def normalize(path: str) -> str:
    """Write `path` the way the table has it."""
    return "/" + path.lower().strip("/") if path != "/" else path


class Router:
    """Routes and the table of one class tree.

    Args:
        root: The class at the root; None: there are routes only.
        filters: Filters around every leaf, the first outermost.
    """

    def __init__(
        self, root: type[Controller] | None, filters: Iterable[Filter] = ()
    ) -> None:
        self.root = root
        self.routes: list[Route] = []
        self.leaves: list[Leaf] = []
        self._table: dict[str, list[Leaf]] = {}
        self._filters = tuple(filters)
        self._pending: list[tuple[str, Any, tuple[str, ...] | None]] = []
        #: What is called when routes change.
        self.changed: Callable[[], object] = lambda: None
        self._is_built = False
        self._added = 0

    def filter(
        self,
        pattern: str,
        leaf: "str | Callable[..., Any] | type[Controller]",
        methods: Iterable[str] | None = None,
    ) -> None:
        """Let `pattern` lead to `leaf`, after those added before.

        Args:
            pattern: See `Route`.
            leaf: The leaf's function, its controller (for ``__call__``) or its path.
            methods: Verbs this pattern is for; default: those of the leaf.
        """
        _expression(pattern)  # complain where it is written
        verbs = None if methods is None else tuple(m.upper() for m in methods)
        self._pending.append((pattern, leaf, verbs))
        if self._is_built:
            self._connect()

    def build(self) -> None:
        """Read the class tree; done once, at the start of the application."""
        if self._is_built:
            return
        self._is_built = True
        declared: list[Route] = []
        if self.root is not None:
            self._add(self.root, declared)
        self._connect()
        self.routes += declared

    def _add(self, cls: type[Controller], declared: list[Route]) -> None:
        instance = cls()
        children = cls.child_controllers()
        shadowed = {child.controller_name() for child in children}
        for name, function in cls.leaf_functions():
            leaf = Leaf(instance, name, function, self._filters)
            self.leaves.append(leaf)
            if leaf.path is not None and leaf.path.rpartition("/")[2] not in (
                shadowed if name != "__call__" else ()
            ):
                self._table.setdefault(normalize(leaf.path), []).append(leaf)
            if function in cls.__dict__.values():  # a delegate's routes are its own
                for pattern in exposure_of(function).routes:
                    leaf.routes.append(Route(pattern, leaf))
            declared += leaf.routes
        for child in children:
            self._add(child, declared)

    def add(self, leaf: Leaf, path: str) -> None:
        """Add a leaf that stands outside the tree."""
        leaf.path = path
        self.leaves.append(leaf)
        self._table.setdefault(normalize(path), []).append(leaf)

    def _connect(self) -> None:
        for pattern, target, methods in self._pending:
            leaf = self.leaf_for(target)
            route = Route(pattern, leaf, methods)
            leaf.routes.append(route)
            self.routes.insert(self._added, route)
            self._added += 1
        self._pending.clear()
        self.changed()

    def resolve(self, method: str, path: str) -> Destination:
        """Find what answers `method` at `path`.

        Raises:
            http.NotFound: Nothing answers there.
            http.MethodNotAllowed: Something does, but not to that verb.
        """
        found = self._find(method, path)
        if found is None:
            allowed = self.allowed(path)
            if not allowed:
                raise http.NotFound
            raise http.MethodNotAllowed(allow=allowed)
        return found

    def _find(self, method: str, path: str) -> Destination | None:
        for route in self.routes:
            if method in route.methods and (match := route.match(path)):
                groups = {k: v for k, v in match.groupdict().items() if v is not None}
                return Destination(route.leaf, groups)
        for leaf in self._table.get(normalize(path), ()):
            if method in leaf.methods:
                return Destination(leaf, {})
        return None

    def at(self, path: str) -> list[tuple[Leaf, tuple[str, ...]]]:
        """Return every leaf at `path` with the verbs it answers there."""
        found = [(r.leaf, r.methods) for r in self.routes if r.match(path)]
        found += [(leaf, leaf.methods) for leaf in self._table.get(normalize(path), ())]
        return found

    def allowed(self, path: str) -> list[str]:
        """Return the verbs answered at `path`; none if nothing is there."""
        verbs = {verb for _, methods in self.at(path) for verb in methods}
        return sorted(verbs | {"OPTIONS"}) if verbs else []

    def leaf_for(self, target: "str | Callable[..., Any] | type[Controller]") -> Leaf:
        """Return the leaf that `target` means.

        Raises:
            ConfigurationError: If it means none.
        """
        self.build()
        if isinstance(target, str):
            leaves = self._table.get(normalize(target))
            if leaves:
                return leaves[0]
        elif isinstance(target, type):
            for leaf in self.leaves:
                if type(leaf.controller) is target and leaf.name == "__call__":
                    return leaf
        else:
            function = getattr(target, "__func__", target)
            for leaf in self.leaves:
                if leaf.function is function:
                    return leaf
        msg = f"no leaf is known as {target!r}"
        raise ConfigurationError(msg)

    def uri_for(
        self,
        target: "str | Callable[..., Any] | type[Controller]",
        parameters: dict[str, object],
    ) -> str:
        """Write the path of a leaf, with `parameters` in its route or its query."""
        if isinstance(target, str) and normalize(target) not in self._table:
            query = compose_query(parameters)
            return target + ("?" + query if query else "")
        leaf = self.leaf_for(target)
        rest = dict(parameters)
        path = leaf.path
        for route in leaf.routes:
            built = route.build(parameters)
            if built is not None:
                path = built
                for name in route.names:
                    del rest[name]
                break
        if path is None:
            msg = f"{leaf!r} has no path for the parameters {sorted(parameters)}"
            raise ConfigurationError(msg)
        query = compose_query(rest)
        return path + ("?" + query if query else "")
