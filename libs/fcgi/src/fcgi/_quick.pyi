from typing_extensions import disjoint_base

from fcgi.quick import Quick as PureQuick
from fcgi.worker import Worker

@disjoint_base
class Quick(PureQuick):
    def __init__(self, worker: Worker) -> None: ...
