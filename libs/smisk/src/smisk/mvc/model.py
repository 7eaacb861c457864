"""The model: SQLAlchemy 2, one database session for each request.

    class Kitten(Entity):
        __tablename__ = "kittens"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Site(Application):
        model = Model("sqlite:///kittens.db")

    self.application.model.session.get(Kitten, 1)      # in a leaf

The session begins when a leaf first uses it, is committed when the leaf has answered
(a redirect is an answer), rolled back on an error, and closed when the request ends,
so templates can still follow relations.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Session

from smisk import http
from smisk.core.exchange import Exchange, current


class Entity(DeclarativeBase):
    """Base of what is kept in the database."""


class Model:
    """A database and the session of the current request.

    Args:
        url: Where the database is, as SQLAlchemy has it.
        options: For ``create_engine``; connections are tested before use, so one that
            the database has dropped meanwhile does no harm.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._key = f"smisk.model.{id(self)}"
        self.engine = create_engine(url, **{"pool_pre_ping": True, **options})

    def create_all(self) -> None:
        """Create the tables that do not exist."""
        Entity.metadata.create_all(self.engine)

    def drop_all(self) -> None:
        """Remove all tables of entities."""
        Entity.metadata.drop_all(self.engine)

    @property
    def session(self) -> Session:
        """The session of the request being answered."""
        exchange = current()
        notes = exchange.request.notes
        if self._key not in notes:
            notes[self._key] = Session(self.engine, expire_on_commit=False)
            exchange.closers += (notes[self._key].close,)
        session: Session = notes[self._key]
        return session

    def call(
        self,
        exchange: Exchange,
        action: Callable[..., object],
        arguments: dict[str, Any],
    ) -> object:
        """Call a leaf, then commit what it did, or roll it back on an error."""
        is_error = True
        try:
            result = action(**arguments)
            is_error = False
        except http.HTTPError as answer:
            is_error = answer.status >= 400
            raise
        finally:
            session = exchange.request.notes.get(self._key)
            if session is not None:
                if is_error:
                    session.rollback()
                else:
                    session.commit()
        return result
