"""YAML and MessagePack: formats that need a package. Import this to have them."""

from typing import Any

from smisk.core.exchange import Exchange
from smisk.error import ConfigurationError
from smisk.serialization.plain import simplify
from smisk.serialization.serializer import Serializer


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

    def serialize(self, data: object, exchange: Exchange) -> str:  # noqa: ARG002
        """Write `data`."""
        text: str = self._yaml.safe_dump(
            simplify(data), allow_unicode=True, sort_keys=False
        )
        return text

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:
        """Read plain data."""
        text = raw.decode()
        max_depth = exchange.request.limits.max_depth
        yaml = self._yaml
        try:
            depth = 0
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                # LIMIT: an alias repeats what an anchor names: nine lines become
                # a billion.
                if isinstance(event, yaml.AliasEvent) or depth > max_depth:
                    msg = "aliases, or nesting as deep as this, are not read"
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
        "application/vnd.msgpack",
        "application/msgpack",
        "application/x-msgpack",
    )
    errors_are_data = True
    charset = None
    autoescape = False
    can_deserialize = True

    def __init__(self) -> None:
        self._msgpack = _load("msgpack", "msgpack")

    def serialize(self, data: object, exchange: Exchange) -> bytes:  # noqa: ARG002
        """Write `data`; times without a zone are taken as UTC."""
        packed: bytes = self._msgpack.packb(
            simplify(data), default=_text, datetime=True
        )
        return packed

    def deserialize(self, raw: bytes, exchange: Exchange) -> object:  # noqa: ARG002
        """Read plain data."""
        try:
            data: object = self._msgpack.unpackb(raw, raw=False, timestamp=3)
        except Exception as error:  # its errors share no base
            msg = "not MessagePack"
            raise ValueError(msg) from error
        return data


def _text(value: object) -> str:
    return str(value)  # a time without a zone, an int beyond 64 bits


def _load(module: str, package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = f"this serializer needs the package {package}"
        raise ConfigurationError(msg) from error
