"""Sessions with a login: create one, require one, end it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from smisk import http
from smisk.core.exchange import current

P = ParamSpec("P")
R = TypeVar("R")


class SessionAuth:
    """Keeps in the session who the client is.

    Args:
        login: Path of the page to log in at; None: 401 instead of a redirect.
        key: Where in the session.

    Put `require` on leaves that need someone; let the login leaf check the password
    and call `create`, which gives the session a new id::

        auth = SessionAuth("/login")

        class root(Controller):
            @auth.require
            def diary(self): ...

            def login(self, name: str = "", password: str = ""):
                if check(name, password):
                    auth.create({"name": name})
                    auth.go_back("/")
    """

    def __init__(self, login: str | None = "/login", key: str = "user") -> None:
        self.login = login
        self.key = key

    @property
    def user(self) -> Any:
        """Who the client is; None if nobody logged in."""
        return current().request.session_slot.fields.get(self.key)

    def create(self, user: object) -> None:
        """Log `user` in (plain data; no secrets)."""
        slot = current().request.session_slot
        slot.put(self.key, user)
        slot.renew_id()

    def destroy(self) -> None:
        """Log out: the whole session ends."""
        current().request.session = None

    def go_back(self, otherwise: str = "/") -> None:
        """Redirect to where a login was asked for.

        Raises:
            http.SeeOther: Always.
        """
        slot = current().request.session_slot
        came_from = slot.fields.get("_came_from")
        slot.put("_came_from", None)
        raise http.SeeOther(came_from if isinstance(came_from, str) else otherwise)

    def require(self, leaf: Callable[P, R]) -> Callable[P, R]:
        """Let only those pass who are logged in."""

        @wraps(leaf)
        def required(*args: P.args, **parameters: P.kwargs) -> R:
            if self.user is None:
                self._refuse()
            # What is for one person must not stay in a shared cache.
            current().response.headers.setdefault("Cache-Control", "private")
            return leaf(*args, **parameters)

        return required

    def _refuse(self) -> None:
        request = current().request
        if self.login is None or request.method not in ("GET", "HEAD"):
            raise http.Unauthorized(headers={"WWW-Authenticate": "Session"})
        # WHY the path alone: a URL from the client could lead elsewhere.
        request.session_slot.put("_came_from", request.url.uri)
        raise http.SeeOther(self.login)
