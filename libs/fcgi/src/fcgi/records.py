"""The names and numbers of FastCGI 1.0 (SPEC section 8).

Every record is a header of eight bytes, `content_length` bytes of content and
`padding_length` bytes to skip:

    version(1)=1  type(1)  request_id(2)  content_length(2)  padding_length(1)  reserved(1)

Numbers are big-endian. Request id 0 marks management records, which belong to the
connection; every other id names one request on it.
"""

import struct
from enum import IntEnum
from typing import Final

VERSION: Final = 1
HEADER: Final = struct.Struct(">BBHHBx")
HEADER_SIZE: Final = 8
BEGIN_BODY: Final = struct.Struct(">HB5x")
END_BODY: Final = struct.Struct(">IB3x")
UNKNOWN_BODY: Final = struct.Struct(">B7x")

MAX_CONTENT: Final = 0xFFFF
# WHY: the largest content that is a multiple of eight, so a long body needs no padding.
CHUNK: Final = 0xFFF8

NULL_REQUEST_ID: Final = 0
MAX_REQUEST_ID: Final = 0xFFFF
LISTENSOCK_FILENO: Final = 0
KEEP_CONN: Final = 1


class Type(IntEnum):
    """What a record carries."""

    BEGIN_REQUEST = 1
    ABORT_REQUEST = 2
    END_REQUEST = 3
    PARAMS = 4
    STDIN = 5
    STDOUT = 6
    STDERR = 7
    DATA = 8
    GET_VALUES = 9
    GET_VALUES_RESULT = 10
    UNKNOWN_TYPE = 11


class Role(IntEnum):
    """What the web server wants of the application."""

    RESPONDER = 1
    AUTHORIZER = 2
    FILTER = 3


class ProtocolStatus(IntEnum):
    """How a request ended, as far as the protocol is concerned."""

    REQUEST_COMPLETE = 0
    CANT_MPX_CONN = 1
    OVERLOADED = 2
    UNKNOWN_ROLE = 3


# SPEC 4.1: the variables a web server may ask for with GET_VALUES.
MAX_CONNS: Final = b"FCGI_MAX_CONNS"
MAX_REQS: Final = b"FCGI_MAX_REQS"
MPXS_CONNS: Final = b"FCGI_MPXS_CONNS"
