"""The codec in use: compiled where it could be built, plain Python elsewhere."""

from typing import Final

from fcgi import _pure
from fcgi._pure import Buffer, Environ

try:
    from fcgi import _speed
except ImportError:
    COMPILED: Final = False
    decode_environ = _pure.decode_environ
    decode_pairs = _pure.decode_pairs
    encode_begin = _pure.encode_begin
    encode_end = _pure.encode_end
    encode_pairs = _pure.encode_pairs
    encode_record = _pure.encode_record
    encode_stream = _pure.encode_stream
    read_request = _pure.read_request
else:
    COMPILED: Final = True  # type: ignore[misc]
    decode_environ = _speed.decode_environ
    decode_pairs = _speed.decode_pairs
    encode_begin = _speed.encode_begin
    encode_end = _speed.encode_end
    encode_pairs = _speed.encode_pairs
    encode_record = _speed.encode_record
    encode_stream = _speed.encode_stream
    read_request = _speed.read_request

__all__ = [
    "COMPILED",
    "Buffer",
    "Environ",
    "decode_environ",
    "decode_pairs",
    "encode_begin",
    "encode_end",
    "encode_pairs",
    "encode_record",
    "encode_stream",
    "read_request",
]
