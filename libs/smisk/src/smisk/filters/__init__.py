"""Filters around leaves: confirmation, sessions with a login, digest, CSRF."""

from smisk.filters.confirm import confirm
from smisk.filters.csrf import csrf, csrf_token
from smisk.filters.digest import DigestAuth
from smisk.filters.login import SessionAuth

__all__ = ["DigestAuth", "SessionAuth", "confirm", "csrf", "csrf_token"]
