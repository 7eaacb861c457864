"""Property lists of Apple, in XML."""

import plistlib
from datetime import UTC, datetime
from typing import Any

from smisk.core.exchange import Exchange
from smisk.core.xml import parse_xml
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer


class Plist(Serializer):
    """XML property lists; None has no place in one and is left out."""

    name = "XML property list"
    extensions = ("plist",)
    media_types = ("application/plist+xml", "application/x-plist")
    errors_are_data = True
    can_deserialize = True

    def serialize(self, data: object, exchange: Exchange) -> bytes:  # noqa: ARG002
        """Write `data`."""
        return plistlib.dumps(_without_none(simplify(data)), sort_keys=False)

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read a property list in XML."""
        # LIMIT: every list names a document type; one with a body of its own, or
        # anything nested too deeply, is not read.
        head, _, rest = raw.partition(b"<plist")
        if b"[" in head or b"<!ENTITY" in raw:
            msg = "a document type of its own"
            raise ValueError(msg)
        parse_xml(b"<plist" + rest, exchange.request.limits.max_depth)
        try:
            data: object = plistlib.loads(raw, fmt=plistlib.FMT_XML)
        except Exception as error:  # whatever its handlers trip over
            msg = "not a property list"
            raise ValueError(msg) from error
        return data


def _without_none(value: object) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_none(v) for v in value if v is not None]
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value
