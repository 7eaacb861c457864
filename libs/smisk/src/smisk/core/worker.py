"""How a worker process of `Application.run` serves: as prefork, with a proper end."""

from fcgi.models import MODELS
from fcgi.models.prefork import Prefork
from fcgi.worker import Worker
from smisk.core.application import Application

NAME = "smisk"
MODELS[NAME] = f"{__name__}:Serving"


class Serving(Prefork):
    """Starts the application before the first request, stops it after the last."""

    def serve(self, worker: Worker) -> None:
        """Serve until told to leave."""
        application = worker.app
        assert isinstance(application, Application)
        application.start()
        try:
            super().serve(worker)
        finally:
            application.stop()
