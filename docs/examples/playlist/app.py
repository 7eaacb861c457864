#!/usr/bin/env python3
"""A playlist that music players open (.xspf), people read, and others fetch (.json)."""

from smisk import serialization
from smisk.mvc import Application, Controller, main

TRACKS = [
    {"title": "Teardrop", "creator": "Massive Attack", "duration": 330_000,
     "location": "http://music.example/teardrop.ogg"},
    {"title": "Black & White", "creator": "Räksmörgås",
     "location": "http://music.example/black-white.ogg"},
]  # fmt: skip


class root(Controller):  # noqa: N801 - the name of the root
    formats = ("xspf", "html", "json", "txt")

    def __call__(self):
        return {"title": "Autumn", "creator": "Me", "tracks": TRACKS}


class Playlist(Application):
    root = root

    def __init__(self):
        super().__init__()
        self.serializers = serialization.all_serializers()


if __name__ == "__main__":
    main(Playlist())
