"""The controllers: which address leads to what. The pages are made elsewhere."""

from hunch_web.controller.archive import Archive
from hunch_web.controller.files import Files
from hunch_web.controller.item import Item
from hunch_web.controller.operation import Operation
from hunch_web.controller.sources import Sources
from hunch_web.controller.stream import Root
from hunch_web.controller.timeline import Timeline
from hunch_web.controller.websub import Websub

__all__ = [
    "Archive",
    "Files",
    "Item",
    "Operation",
    "Root",
    "Sources",
    "Timeline",
    "Websub",
]
