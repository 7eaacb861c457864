#!/usr/bin/env python3
"""Kittens in a database. Needs the extras ``model`` and ``template``."""

import sys
from pathlib import Path

from sqlalchemy.orm import Mapped, mapped_column

from smisk.filters import confirm
from smisk.mvc import Application, Controller, expose, hide, http, main, redirect_to
from smisk.mvc.model import Entity, Model


class Kitten(Entity):
    __tablename__ = "kittens"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    colour: Mapped[str]

    def to_json(self):
        return {"id": self.id, "name": self.name, "colour": self.colour}


class root(Controller):  # noqa: N801 - the name of the root
    def __call__(self):
        session = self.application.model.session
        return {"kittens": session.query(Kitten).order_by(Kitten.name).all()}

    @expose(methods=("POST",))
    def create(self, name: str, colour: str = "grey"):
        self.application.model.session.add(Kitten(name=name, colour=colour))
        redirect_to(root, status=http.SeeOther)

    @expose(route="/kitten/<id:int>")
    def read(self, id: int):
        return {"kitten": self.find(id)}

    @confirm
    def delete(self, id: int, confirmed: bool = False):
        kitten = self.find(id)
        if confirmed:
            self.application.model.session.delete(kitten)
            redirect_to(root, status=http.SeeOther)
        return {"kitten": kitten}

    @hide
    def find(self, id: int) -> Kitten:
        kitten = self.application.model.session.get(Kitten, id)
        if kitten is None:
            raise http.NotFound("That kitten has run away.")
        return kitten


class Kittens(Application):
    root = root
    template_folders = (Path(__file__).parent / "templates",)

    def __init__(self, url: str) -> None:
        super().__init__()
        self.model = Model(url)
        self.model.create_all()


if __name__ == "__main__":
    main(Kittens(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///kittens.db"))
