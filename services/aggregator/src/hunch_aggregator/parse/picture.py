"""Pictures: what they are by their first bytes, and how large.

LIMIT: only formats that cannot carry scripts. SVG is a program and never a picture here.
"""

from __future__ import annotations

import io
import warnings

from .entry import Picture, PictureJob, Unreadable

_MOST_PIXELS = 100_000_000
_FORMATS = {
    "JPEG": ("jpg", "image/jpeg"),
    "PNG": ("png", "image/png"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
    "AVIF": ("avif", "image/avif"),
}


def magic(body: bytes) -> str:
    """Return the format that the first bytes name, or an empty string."""
    if body.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    if body[4:8] == b"ftyp" and body[8:12] in (b"avif", b"avis"):
        return "AVIF"
    return ""


def measure(job: PictureJob) -> Picture | Unreadable:
    """Return what a picture is, its size as it is meant to be seen."""
    name = magic(job.body)
    if not name:
        return Unreadable("It is no JPEG, PNG, GIF, WebP or AVIF.")
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(job.body), formats=(name,)) as image:
                width, height = image.size
                # SPEC EXIF orientation 5 to 8: stored lying on its side
                if image.getexif().get(0x0112) in (5, 6, 7, 8):
                    width, height = height, width
    except Exception as error:  # noqa: BLE001 - decoders raise anything
        return Unreadable(f"It cannot be read ({type(error).__name__}).")
    if width < 1 or height < 1 or width * height > _MOST_PIXELS:
        return Unreadable("It is too large to be shown.")
    extension, kind = _FORMATS[name]
    return Picture(extension, kind, width, height)
