"""Smisk: a small, fast web framework on FastCGI. See the README for a tour."""

from smisk.core import (
    URL,
    Application,
    Request,
    Response,
    Stream,
    bind,
    listening,
    unbind,
)
from smisk.error import ConfigurationError, Error

__version__ = "0.1.0"

__all__ = [
    "URL", "Application", "ConfigurationError", "Error", "Request", "Response",
    "Stream", "__version__", "bind", "listening", "unbind",
]  # fmt: skip
