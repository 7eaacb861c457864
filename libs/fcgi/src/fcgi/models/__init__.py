"""Server models: how one worker process serves its connections.

Every model is a class with `serve(worker)`, which returns when the worker's phase says
so, and is looked up here by the name that `--model` takes. Modules are imported when
asked for, so a worker carries only its own.
"""

import importlib
from typing import Final, Protocol

from fcgi.errors import ConfigurationError
from fcgi.worker import Worker


class Model(Protocol):
    """How a worker serves."""

    def serve(self, worker: Worker) -> None:
        """Serve until `worker.phase` asks to leave and what runs is finished."""


MODELS: Final[dict[str, str]] = {
    "prefork": "fcgi.models.prefork:Prefork",
    "thread-per-connection": "fcgi.models.thread_per_connection:ThreadPerConnection",
    "thread-per-request": "fcgi.models.thread_per_request:ThreadPerRequest",
    "multiplex": "fcgi.models.multiplex:Multiplex",
    "pool": "fcgi.models.pool:Pool",
    "flup-threaded": "fcgi.models.flup_adapter:Threaded",
    "flup-threaded-multiplexed": "fcgi.models.flup_adapter:ThreadedMultiplexed",
    "flup-fork": "fcgi.models.flup_adapter:Fork",
    "flup-single": "fcgi.models.flup_adapter:Single",
}


def load(name: str) -> Model:
    """Return the model of that name.

    Raises:
        ConfigurationError: If there is none, or what it needs is not installed.
    """
    try:
        module, _, attribute = MODELS[name].partition(":")
    except KeyError:
        msg = f"model: {name!r} is none of {', '.join(MODELS)}"
        raise ConfigurationError(msg) from None
    try:
        model: Model = getattr(importlib.import_module(module), attribute)()
    except ImportError as error:
        msg = f"model: {name} needs {error.name}, which is not installed"
        raise ConfigurationError(msg) from error
    return model
