"""The root of what this library raises on purpose."""


class Error(Exception):
    """Base of every error of smisk."""


class ConfigurationError(Error):
    """The application is put together wrongly; the message says what to change."""
