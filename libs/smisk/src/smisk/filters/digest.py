"""HTTP Digest authentication (RFC 7616) with SHA-256.

The server's nonces are signed and dated, so they need no store. A request seen once
cannot be sent again: the highest count of each nonce is remembered in this process, or,
where several workers answer, every count is claimed in a store they share.
"""

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from smisk import http
from smisk.core.exchange import current
from smisk.error import ConfigurationError
from smisk.session import Claims

P = ParamSpec("P")
R = TypeVar("R")

_FIELD = re.compile(r'(\w+\*?)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_REQUIRED = ("username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce")


def digest_ha1(username: str, realm: str, password: str) -> str:
    """Return what to keep of a password: worth the password for this realm only."""
    return hashlib.sha256(f"{username}:{realm}:{password}".encode()).hexdigest()


class DigestAuth:
    """Lets only those pass who prove a password without sending it.

    Args:
        realm: What is protected, shown to people.
        ha1_of: Returns `digest_ha1` of a user, None for who is unknown.
        secret: Signs nonces; default: a new one in each process.
        max_age_s: How long a nonce is good.
        store: Where workers meet: a `RESPStore` or a `FileStore`. They need the same
            `secret` as well; None: this process answers alone.
    """

    #: LIMIT: nonces whose count is remembered.
    max_nonces = 10_000

    def __init__(
        self,
        realm: str,
        ha1_of: Callable[[str], str | None],
        *,
        secret: bytes | None = None,
        max_age_s: int = 300,
        store: Claims | None = None,
    ) -> None:
        if store is not None and secret is None:
            raise ConfigurationError("workers that share a store need the same secret")
        self._store = store
        self.realm = realm
        self._ha1_of = ha1_of
        self._secret = secret or secrets.token_bytes(32)
        self._max_age_s = max_age_s
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, leaf: Callable[P, R]) -> Callable[P, R]:
        """Protect a leaf; the user's name is in ``request.notes["user"]``."""

        @wraps(leaf)
        def protected(*args: P.args, **parameters: P.kwargs) -> R:
            current().request.notes["user"] = self.check()
            current().response.headers.setdefault("Cache-Control", "private")
            return leaf(*args, **parameters)

        return protected

    def check(self) -> str:
        """Return the name of the user who sent this request.

        Raises:
            http.Unauthorized: With a challenge.
        """
        request = current().request
        scheme, _, rest = request.env.get("HTTP_AUTHORIZATION", "").partition(" ")
        fields = {m[1].lower(): m[2] or m[3] or "" for m in _FIELD.finditer(rest)}
        if (
            scheme.lower() != "digest"
            or any(name not in fields for name in _REQUIRED)
            or fields["realm"] != self.realm
            or fields["qop"] != "auth"
            or fields.get("algorithm", "SHA-256").upper() != "SHA-256"
            # The proof is for one address: it must be this one.
            or fields["uri"] != (request.env.get("REQUEST_URI") or request.url.uri)
            or (age := self._age(fields["nonce"])) is None
        ):
            raise self._challenge()
        known = self._ha1_of(fields["username"])
        # WHY a hash nobody has: an unknown user takes as long as a known one.
        ha1 = known if known is not None else digest_ha1("", self.realm, "")
        nonce, nc = fields["nonce"], fields["nc"]
        ha2 = _hash(f"{request.method}:{fields['uri']}")
        expected = _hash(f"{ha1}:{nonce}:{nc}:{fields['cnonce']}:auth:{ha2}")
        given = fields["response"].lower()
        if not hmac.compare_digest(expected.encode(), given.encode()) or known is None:
            raise self._challenge()
        if age > self._max_age_s or not self._count(nonce, nc):
            raise self._challenge(is_stale=True)
        return fields["username"]

    def _challenge(self, *, is_stale: bool = False) -> http.Unauthorized:
        stale = ", stale=true" if is_stale else ""
        value = (
            f'Digest realm="{self.realm}", qop="auth", algorithm=SHA-256, '
            f'nonce="{self._nonce()}"{stale}'
        )
        return http.Unauthorized(headers={"WWW-Authenticate": value})

    def _nonce(self) -> str:
        seed = f"{int(time.time()):x}.{secrets.token_hex(8)}"
        return f"{seed}.{self._sign(seed)}"

    def _sign(self, seed: str) -> str:
        return hmac.new(self._secret, seed.encode(), "sha256").hexdigest()[:32]

    def _age(self, nonce: str) -> float | None:
        seed, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(seed).encode(), signature.encode()):
            return None
        return time.time() - int(seed.partition(".")[0], 16)

    def _count(self, nonce: str, nc: str) -> bool:
        """Return whether `nc` is higher than any seen with `nonce`."""
        try:
            count = int(nc, 16)
        except ValueError:
            return False
        if self._store is not None:
            # Twice the age: a clock may differ from the next one.
            name = f"digest:{nonce}:{count}"
            return count > 0 and self._store.claim(name, 2 * self._max_age_s)
        with self._lock:
            if count <= self._counts.get(nonce, 0):
                return False
            if len(self._counts) >= self.max_nonces and nonce not in self._counts:
                # Rather ask everyone again than let anyone repeat.
                self._secret = secrets.token_bytes(32)
                self._counts.clear()
            self._counts[nonce] = count
            return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
