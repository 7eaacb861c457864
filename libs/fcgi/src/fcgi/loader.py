"""From the words `package.module:attribute` to an application."""

import importlib
from typing import cast

from fcgi.errors import ConfigurationError
from fcgi.wsgi import Application


def load(target: str) -> Application:
    """Import an application.

    Args:
        target: `module:attribute`, where the attribute may be dotted, and may end in
            `()` if it is a function that returns the application. Without attribute,
            `application` or `app` is taken.

    Raises:
        ConfigurationError: If there is no such thing, or it cannot be called.
        Exception: Whatever the module raises while it is imported.
    """
    name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # an import inside the application failed
        msg = f"application: there is no module {error.name!r}"
        raise ConfigurationError(msg) from error
    if not attribute:
        attribute = "application" if hasattr(module, "application") else "app"
    found: object = module
    for part in attribute.removesuffix("()").split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            # It may be another module of that name than the one that was meant.
            where = getattr(module, "__file__", None) or "built in"
            msg = f"application: {name!r} ({where}) has no {attribute!r}"
            raise ConfigurationError(msg) from None
    if attribute.endswith("()"):
        if not callable(found):
            msg = f"application: {attribute!r} in {name!r} is not a function"
            raise ConfigurationError(msg)
        found = found()
    if not callable(found):
        msg = f"application: {target!r} is not callable"
        raise ConfigurationError(msg)
    return cast("Application", found)
