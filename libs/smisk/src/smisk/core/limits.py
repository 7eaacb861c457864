"""How much a client may send: one table, handed to the application."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Limits of one request; beyond them the answer is a 4xx, never a dead worker.

    The edge in front limits header and URL sizes as well; these hold without it.
    """

    #: Of a whole multipart body; -1: none, 0: such bodies are not parsed.
    max_multipart_size: int = 2 * 1024**3
    #: Of an urlencoded body, and of all text fields of a multipart body together.
    max_formdata_size: int = 10_737_418
    #: Of a body a serializer decodes: it stands in memory as a whole.
    max_document_size: int = 1024 * 1024
    #: Fields of a query, a form, or parts of a multipart body.
    max_fields: int = 1000
    max_part_header_size: int = 8 * 1024
    #: Seconds until a body must be here; None: as long as the server waits.
    max_body_time_s: float | None = None
    max_query_size: int = 16 * 1024
    max_path_size: int = 8 * 1024
    max_cookie_size: int = 16 * 1024
    #: Nesting of a decoded document (JSON, XML, plist …).
    max_depth: int = 64
    #: Where uploads wait; None: the system's folder for temporary files.
    upload_folder: Path | None = None
