"""From path and verb to leaf.

Rules: patterns come first, in their order, and the first that matches path and verb
wins; then the class tree decides by name. Case and one trailing slash do not count.

Theory: a leaf of the tree takes no segments beyond its own, so the whole tree is a
table from path to leaves; and only patterns that begin with the first segment of a
path, or with no fixed one, can match it.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from smisk import http
from smisk.core.url import compose_query, encode
from smisk.error import ConfigurationError
from smisk.mvc.control import Controller
from smisk.mvc.decorators import Filter, exposure_of, verbs
from smisk.mvc.leaf import Leaf

_SHORT = re.compile(r"<([A-Za-z_]\w*)(?::(int|path))?>")
_KINDS = {None: r"[^/]+", "int": r"[0-9]+", "path": r".+"}
#: A leaf: its function, its controller class (for ``__call__``), or its path.
Target = str | Callable[..., Any] | type[Controller]


class Route:
    """A pattern that leads to a leaf.

    Args:
        pattern: ``/item/<id>`` in short form, or a regular expression from ``^`` on.
        leaf: Where it leads.
        methods: Verbs it is for; None: those of the leaf.
    """

    def __init__(
        self, pattern: str, leaf: Leaf, methods: tuple[str, ...] | None = None
    ) -> None:
        self.pattern = pattern
        self.leaf = leaf
        self.methods = leaf.methods if methods is None else methods
        try:
            compiled = re.compile(_expression(pattern), re.IGNORECASE | re.DOTALL)
        except re.error as error:
            raise ConfigurationError(f"route {pattern!r}: {error}") from error
        self.match = compiled.match
        self.names = tuple(compiled.groupindex)
        #: The first segment of every path it matches; None if it is not fixed.
        self.head: str | None = pattern.lower().split("/")[1] if "/" in pattern else ""
        if pattern.startswith("^") or not self.head.isascii() or "<" in self.head:
            self.head = None
        #: PERF: what precedes the only parameter, if that is the last segment of a
        #: path; it takes a third of the time of the expression (2026-11).
        self._before: str | None = None
        text, *rest = _SHORT.split(pattern.rstrip("/"))
        if len(rest) == 3 and text[-1:] == "/" and rest[1] != "path" and not rest[2]:
            self._before = text.lower() if text.isascii() and text[0] == "/" else None
            self._is_number = rest[1] == "int"

    def find(self, path: str) -> dict[str, str] | None:
        """Return what the parameters are in `path`; None if it is another's."""
        if self._before is not None:
            size = len(self._before)
            before = path[:size]
            if before.isascii():
                if before.lower() != self._before:
                    return None
                last = path[size:].removesuffix("/")
                if self._is_number:
                    if not (last.isascii() and last.isdigit()):
                        return None
                elif not last or "/" in last:
                    return None
                return {self.names[0]: last}
        match = self.match(path)
        if match is None:
            return None
        groups: dict[str, Any] = match.groupdict()
        if self.head is None:  # only these can have groups that match nothing
            groups = {k: v for k, v in groups.items() if v is not None}
        return groups

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
        raise ConfigurationError(f"a route starts with a slash (or ^), not {pattern!r}")
    # What is split off comes in turns: text, name, kind, text …
    text, *rest = _SHORT.split(pattern.rstrip("/"))
    parts = [re.escape(text)]
    for name, kind, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        parts.append(f"(?P<{name}>{_KINDS[kind]}){re.escape(after)}")
    return "".join(parts) + r"/?\Z"


def _normal(path: str) -> str:
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
        self.leaves: list[Leaf] = []
        self._table: dict[str, list[Leaf]] = {}
        self._filters = tuple(filters)
        self._pending: list[tuple[str, Target, tuple[str, ...] | None]] = []
        self._added: list[Route] = []
        self._declared: list[Route] = []
        #: Routes by the first segment they want, in order; those that want none, all.
        self._by_head: dict[str, list[Route]] = {}
        self._anywhere: list[Route] = []
        self._is_built = False
        #: What is called when routes change.
        self.changed: Callable[[], object] = lambda: None

    def filter(
        self, pattern: str, leaf: Target, methods: Iterable[str] | None = None
    ) -> None:
        """Let `pattern` lead to `leaf`, after those added before.

        Args:
            pattern: See `Route`.
            leaf: The leaf's function, its controller (for ``__call__``) or its path.
            methods: Verbs this pattern is for; default: those of the leaf.
        """
        _expression(pattern)  # complain where it is written
        self._pending.append(
            (pattern, leaf, None if methods is None else verbs(methods))
        )
        if self._is_built:
            self._connect()

    def build(self) -> None:
        """Read the class tree; done once, at the start of the application."""
        if not self._is_built:
            self._is_built = True
            if self.root is not None:
                self._add_class(self.root)
            self._connect()

    def _add_class(self, cls: type[Controller]) -> None:
        instance = cls()
        children = cls.child_controllers()
        shadowed = {child.controller_name() for child in children}
        for name, function in cls.leaf_functions():
            leaf = Leaf(instance, name, function, self._filters)
            last = (leaf.path or "").rpartition("/")[2]
            is_named = name == "__call__" or last not in shadowed
            self.add(leaf, leaf.path if is_named else None)
            if function in cls.__dict__.values():  # a delegate's routes are its own
                patterns = exposure_of(function).routes
                leaf.routes += [Route(pattern, leaf) for pattern in patterns]
            self._declared += leaf.routes
        for child in children:
            self._add_class(child)

    def add(self, leaf: Leaf, path: str | None) -> None:
        """Add a leaf, reached by `path` besides its routes."""
        self.leaves.append(leaf)
        if path is not None:
            leaf.path = path
            self._table.setdefault(_normal(path), []).append(leaf)

    def _connect(self) -> None:
        for pattern, target, methods in self._pending:
            leaf = self.leaf_for(target)
            route = Route(pattern, leaf, methods)
            leaf.routes.append(route)
            self._added.append(route)
        self._pending.clear()
        self.changed()
        routes = self._added + self._declared
        self._anywhere = [route for route in routes if route.head is None]
        self._by_head = {
            head: [route for route in routes if route.head in (head, None)]
            for head in {route.head for route in routes if route.head is not None}
        }

    def resolve(self, method: str, path: str) -> tuple[Leaf, dict[str, str]]:
        """Find the leaf that answers `method` at `path`, and what its route found.

        Raises:
            http.NotFound: Nothing answers there.
            http.MethodNotAllowed: Something does, but not to that verb.
        """
        end = path.find("/", 1)
        head = (path[1:] if end < 0 else path[1:end]).lower()
        for route in self._by_head.get(head, self._anywhere):
            if method in route.methods:
                groups = route.find(path)
                if groups is not None:
                    return route.leaf, groups
        for leaf in self._table.get(_normal(path), ()):
            if method in leaf.methods:
                return leaf, {}
        allowed = self.allowed(path)
        if not allowed:
            raise http.NotFound
        raise http.MethodNotAllowed(allow=allowed)

    def at(self, path: str) -> list[tuple[Leaf, tuple[str, ...]]]:
        """Return every leaf at `path` with the verbs it answers there."""
        routes = self._added + self._declared
        found = [(route.leaf, route.methods) for route in routes if route.match(path)]
        return found + [
            (one, one.methods) for one in self._table.get(_normal(path), ())
        ]

    def allowed(self, path: str) -> list[str]:
        """Return the verbs answered at `path`; none if nothing is there."""
        found = {verb for _, methods in self.at(path) for verb in methods}
        return sorted(found | {"OPTIONS"}) if found else []

    def leaf_for(self, target: Target) -> Leaf:
        """Return the leaf that `target` means.

        Raises:
            ConfigurationError: If it means none.
        """
        self.build()
        if isinstance(target, str):
            found = self._table.get(_normal(target), [])
        elif isinstance(target, type):
            of_class = [one for one in self.leaves if type(one.controller) is target]
            found = [one for one in of_class if one.name == "__call__"]
        else:
            function = getattr(target, "__func__", target)
            found = [one for one in self.leaves if one.function is function]
        if found:
            return found[0]
        raise ConfigurationError(f"no leaf is known as {target!r}")

    def uri_for(self, target: Target, parameters: dict[str, object]) -> str:
        """Write the path of a leaf, with `parameters` in its route or its query."""
        if isinstance(target, str) and _normal(target) not in self._table:
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
