"""The core: application, request, response, stream and URL."""

from smisk.core.application import Application
from smisk.core.exchange import Exchange, current
from smisk.core.form import UploadedFile
from smisk.core.headers import Headers
from smisk.core.limits import RequestLimits
from smisk.core.request import Request
from smisk.core.response import Response
from smisk.core.running import bind, listening, unbind
from smisk.core.stream import Stream
from smisk.core.url import URL

__all__ = [
    "URL", "Application", "Exchange", "Headers", "Request", "RequestLimits",
    "Response", "Stream", "UploadedFile", "bind", "current", "listening", "unbind",
]  # fmt: skip
