#!/usr/bin/env python3
"""The key-value store again, as controllers: every format for the price of none.

    curl -X PUT -d value=hello http://localhost:8080/entry/greeting
    curl -X PUT -H 'Content-Type: application/json' -d '{"value": [1]}' \\
         http://localhost:8080/entry/list
    curl http://localhost:8080/entry/list.xml
"""

from smisk import serialization
from smisk.mvc import Application, Controller, expose, http, main

entries = {}


class root(Controller):  # noqa: N801 - the name of the root
    def __call__(self):
        """List the keys."""
        return {"keys": sorted(entries)}

    @expose(None, route="/entry/<key>", methods=("GET",))
    def read(self, key: str):
        """Read an entry."""
        if key not in entries:
            raise http.NotFound(f"there is no entry {key!r}")
        return {"value": entries[key]}

    @expose(None, route="/entry/<key>", methods=("PUT",))
    def update(self, key: str, value: object):
        """Create or replace an entry."""
        if key not in entries:
            self.response.status = 201
        entries[key] = value

    @expose(None, route="/entry/<key>", methods=("POST",))
    def create(self, key: str, value: object):
        """Create an entry."""
        if key in entries:
            raise http.Conflict("there is an entry; use PUT to replace it")
        entries[key] = value
        self.response.status = 201

    @expose(None, route="/entry/<key>", methods=("DELETE",))
    def delete(self, key: str):
        """Remove an entry."""
        if entries.pop(key, None) is None:
            raise http.NotFound


class KeyValueStore(Application):
    root = root
    enable_reflection = True

    def __init__(self):
        super().__init__()
        self.serializers = serialization.all_serializers()


if __name__ == "__main__":
    main(KeyValueStore())
