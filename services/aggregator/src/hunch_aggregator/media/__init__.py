"""Pictures: our own copies of them, and HTML that shows those."""

from .copier import Copier

__all__ = ["Copier"]
