#!/usr/bin/env python3
"""A key-value store over HTTP, with nothing but the core.

curl -X PUT --data-binary hello http://localhost:8080/entry/greeting
curl http://localhost:8080/entry/greeting
curl -X DELETE http://localhost:8080/entry/greeting
"""

from smisk import Application, http

MAX_SIZE = 1_000_000


class KeyValueStore(Application):
    def __init__(self):
        super().__init__()
        self.entries = {}

    def service(self):
        request, response = self.request, self.response
        head, _, key = request.path.partition("/entry/")
        if head or not key or "/" in key:
            raise http.NotFound
        response.content_type = "application/octet-stream"
        if request.method in ("GET", "HEAD"):
            if key not in self.entries:
                raise http.NotFound(f"there is no entry {key!r}")
            response.write(self.entries[key])
        elif request.method in ("PUT", "POST"):
            raw = request.input.read(MAX_SIZE + 1)
            if len(raw) > MAX_SIZE:
                raise http.ContentTooLarge
            is_new = key not in self.entries
            if not is_new and request.method == "POST":
                raise http.Conflict("there is an entry; use PUT to replace it")
            self.entries[key] = raw
            response.status = 201 if is_new else 204
        elif request.method == "DELETE":
            if self.entries.pop(key, None) is None:
                raise http.NotFound
            response.status = 204
        elif request.method == "OPTIONS":
            response.headers["Allow"] = "DELETE, GET, HEAD, OPTIONS, POST, PUT"
            response.status = 204
        else:
            raise http.MethodNotAllowed(allow=("GET", "HEAD", "PUT", "POST", "DELETE"))


if __name__ == "__main__":
    KeyValueStore().run()
