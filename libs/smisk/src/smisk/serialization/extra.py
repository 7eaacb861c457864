"""YAML and MessagePack: formats that need a package. Import this to have them."""

import importlib
import re
from typing import Any

from smisk.core.exchange import Exchange
from smisk.error import ConfigurationError
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer

_LONG_NUMBER = re.compile(
    r"[-+]?(?:[0-9_:]{19,}|0x[0-9a-fA-F_]{16,}|0b[01_]{62,})\Z"
).match


class YAML(Serializer):
    """YAML (needs PyYAML); only plain data is read, no tags that make objects."""

    name = "YAML"
    extensions = ("yaml", "yml")
    media_types = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
    errors_are_data = True
    autoescape = False
    can_deserialize = True

    def __init__(self) -> None:
        self._yaml = _load("yaml", "PyYAML")

    def serialize(self, data: object, exchange: Exchange) -> str:
        options = {"allow_unicode": True, "sort_keys": False}
        return str(self._yaml.safe_dump(simplify(data), **options))

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        text = raw.decode()
        yaml = self._yaml
        left = exchange.request.limits.max_depth
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                left -= isinstance(event, yaml.CollectionStartEvent)
                left += isinstance(event, yaml.CollectionEndEvent)
                # LIMIT: an alias repeats what an anchor names: nine lines become
                # a billion.
                if isinstance(event, yaml.AliasEvent) or left < 0:
                    msg = "aliases, or nesting as deep as this, are not read"
                    raise ValueError(msg)
                # LIMIT: the hash of a whole number is no secret; of longer ones many
                # have the same, and the time to fill a mapping grows as their square.
                is_plain = isinstance(event, yaml.ScalarEvent) and event.implicit[0]
                if is_plain and _LONG_NUMBER(event.value):
                    msg = "a whole number of more than 18 digits is not read"
                    raise ValueError(msg)
            data: object = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
        return data


class MessagePack(Serializer):
    """MessagePack (needs msgpack)."""

    name = "MessagePack"
    extensions = ("msgpack",)
    media_types = (
        "application/vnd.msgpack", "application/msgpack", "application/x-msgpack",
    )  # fmt: skip
    errors_are_data = True
    charset = None
    autoescape = False
    can_deserialize = True

    def __init__(self) -> None:
        self._msgpack = _load("msgpack", "msgpack")

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        # What else there is: a time without a zone, an int beyond 64 bits.
        options = {"default": str, "datetime": True}
        return bytes(self._msgpack.packb(simplify(data), **options))

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        try:
            data: object = self._msgpack.unpackb(raw, raw=False, timestamp=3)
        except Exception as error:  # its errors share no base
            raise ValueError("not MessagePack") from error
        return data


def _load(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = f"this serializer needs the package {package}"
        raise ConfigurationError(msg) from error
