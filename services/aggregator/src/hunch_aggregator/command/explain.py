"""`hunch explain`: how the store carries a query out."""

from __future__ import annotations

import argparse

from .query import read_query
from .session import OK, WRONG_CONFIG, Session

NAME = "explain"
HELP = "show how the store carries a query out"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("query", nargs="*", help="as for `hunch query`")


def run(session: Session) -> int:
    """Print the compiled query, its plan, and what each term matches."""
    query = read_query(session)
    if query is None:
        return WRONG_CONFIG
    config = session.config()
    found = session.store(config).explain(query)
    if session.as_json:
        session.emit(
            {
                "query": str(found.query),
                "compiled": found.compiled,
                "plan": found.plan,
                "terms": {str(t.term): t.count for t in found.terms},
                "total": found.total,
            }
        )
        return OK
    session.say(f"query     {found.query}")
    session.say(f"compiled  {found.compiled}")
    for one in found.terms:
        session.say(f"{one.count:>8}  {one.term}")
    session.say(f"{found.total:>8}  all together")
    session.say(found.plan.rstrip())
    return OK
