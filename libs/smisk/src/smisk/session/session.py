"""Sessions: what an application keeps between the requests of one client.

`Sessions` ties a store to a cookie; `SessionSlot` is one request's view of it. A
session is written only if it changed and refreshed otherwise; a client without one
gets a cookie only when there is something to keep. Data is JSON, whoever keeps it:
nothing that is read back can run.
"""

import json
import re
import secrets
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from smisk.core.cookie import SameSite
from smisk.core.identity import pack
from smisk.session.store import Store

if TYPE_CHECKING:
    from smisk.core.request import Request
    from smisk.core.response import Response

_ID = re.compile(r"[0-9a-zA-Z_\-]{27}\Z").match


@dataclass
class Sessions:
    """A store and the cookie that leads to it."""

    store: Store
    _: KW_ONLY
    #: Name of the cookie.
    name: str = "SID"
    #: How long a session lives after the last request.
    ttl_s: int = 900
    #: Whether the cookie goes over TLS only; None: whenever the request came over TLS.
    secure: bool | None = None
    #: Which requests from elsewhere bring the cookie.
    same_site: SameSite = "Lax"

    def slot(self, request: "Request") -> "SessionSlot":
        """Return the session of `request`."""
        return SessionSlot(self, request)


class SessionSlot:
    """The session of one request, read when first looked at."""

    def __init__(self, sessions: Sessions, request: "Request") -> None:
        self._sessions = sessions
        self._is_secure = request.env.get("wsgi.url_scheme") == "https"
        claimed = request.cookies.get(sessions.name, "")
        #: The id the client brought, if it is one of ours.
        self._claimed = claimed if _ID(claimed) else None
        self.id: str | None = None
        self._data: Any = None
        self._stored: bytes | None = None
        self._is_read = False
        self._renew = False

    @property
    def data(self) -> Any:
        """What is kept; None if nothing is."""
        if not self._is_read:
            self._is_read = True
            if self._claimed is not None:
                self._stored = self._sessions.store.read(self._claimed)
            if self._stored is not None:
                self.id = self._claimed
                try:
                    self._data = json.loads(self._stored)
                except ValueError:  # a store that was written by something else
                    self._data = None
        return self._data

    @data.setter
    def data(self, data: object) -> None:
        _ = self.data
        self._data = data

    @property
    def fields(self) -> dict[str, Any]:
        """The session as a dict; an empty one if it is none."""
        return self.data if isinstance(self.data, dict) else {}

    def put(self, key: str, value: object) -> None:
        """Change one field of the session; None removes it."""
        fields = {**self.fields, key: value}
        self.data = {k: v for k, v in fields.items() if v is not None}

    def renew_id(self) -> None:
        """Give the session a new id: at every change of who the client is.

        WHY: an id that was planted before a login must be worth nothing after it.
        """
        self._renew = True

    def save(self, response: "Response") -> None:
        """Write what changed, refresh what did not, and tell the client its id."""
        if not self._is_read:
            return
        sessions = self._sessions
        store = sessions.store
        if self.id is not None and (self._renew or self._data is None):
            store.destroy(self.id)
            self.id = None
            if self._data is None:
                response.delete_cookie(sessions.name)
        if self._data is None:
            return
        raw = json.dumps(self._data, separators=(",", ":")).encode()
        if self.id is not None:
            if raw == self._stored:
                store.refresh(self.id, sessions.ttl_s)
            else:
                store.write(self.id, raw, sessions.ttl_s)
            return
        # WHY never the id the client claimed: it may be someone else's choice. This one
        # is 160 bits nobody can guess, in 27 characters.
        self.id = pack(secrets.token_bytes(20))
        store.write(self.id, raw, sessions.ttl_s)
        if not response.has_begun:
            secure = self._is_secure if sessions.secure is None else sessions.secure
            name, same_site = sessions.name, sessions.same_site
            response.set_cookie(
                name, self.id, secure=secure, http_only=True, same_site=same_site
            )
