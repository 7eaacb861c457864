from fcgi.quick import Quick as PureQuick
from fcgi.worker import Worker

class Quick(PureQuick):
    def __init__(self, worker: Worker) -> None: ...
