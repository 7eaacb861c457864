#!/usr/bin/env python3
"""A format of one's own: comma-separated values, written and read."""
# ruff: noqa: ARG002 - what a serializer does not need it still is given

import csv
import io

from smisk.mvc import Application, Controller, Serializer, expose, main


class CSV(Serializer):
    name = "Comma-separated values"
    extensions = ("csv",)
    media_types = ("text/csv",)
    can_deserialize = True
    autoescape = False

    def serialize(self, data, exchange):
        rows = data["rows"]
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys() if rows else [])
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    def serialize_error(self, error, exchange):
        return f"error,{error.status},{error.title}\r\n"

    def deserialize(self, raw, exchange):
        return {"rows": list(csv.DictReader(io.StringIO(raw.decode())))}


class root(Controller):  # noqa: N801 - the name of the root
    def __call__(self):
        return {"rows": [{"city": "Göteborg", "rain": 1}, {"city": "Oslo", "rain": 0}]}

    @expose(methods=("POST",))
    def total(self, rows: list):
        return {"rows": [{"total": sum(int(row["rain"]) for row in rows)}]}


class Rain(Application):
    root = root

    def __init__(self):
        super().__init__()
        self.serializers.register(CSV)


if __name__ == "__main__":
    main(Rain())
