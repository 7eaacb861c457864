"""The format of PHP's ``serialize()``. Written only: reading it makes objects."""

from smisk.core.exchange import Exchange
from smisk.serialization.plain import simplify, text_of
from smisk.serialization.serializer import Serializer


class PHP(Serializer):
    """PHP serial; text is UTF-8 and counted in bytes."""

    name = "PHP serial"
    extensions = ("sphp", "phpser")
    media_types = ("application/vnd.php.serialized", "application/x-php-serialized")
    errors_are_data = True
    charset = None
    autoescape = False

    def serialize(self, data: object, exchange: Exchange) -> bytes:
        return _write(simplify(data))


def _write(value: object) -> bytes:
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return b"i:%d;" % value
    if isinstance(value, float):
        text = repr(value)
        return f"d:{text.upper() if text in ('nan', 'inf', '-inf') else text};".encode()
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        inner = b"".join(_write(_key(k)) + _write(v) for k, v in pairs)
        return b"a:%d:{%s}" % (len(value), inner)
    raw = value if isinstance(value, bytes) else text_of(value).encode()
    return b's:%d:"%s";' % (len(raw), raw)


def _key(key: object) -> object:
    # PHP turns such text into numbers when it reads an array; so it would not match.
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 19:
        return int(key) if key == "0" or key[0] != "0" else key
    return key
