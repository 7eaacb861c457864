"""The reference page is what the table says."""

from pathlib import Path

from hunch_kvstore.commands.reference import page
from hunch_kvstore.commands.registry import load

PAGE = Path(__file__).parents[3] / "docs" / "commands.md"


def test_the_page_in_docs_is_the_one_the_table_makes():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m hunch_kvstore.commands.reference docs/commands.md"
    )


def test_every_command_says_what_it_does():
    for row in load().values():
        for command in (row, *row.subcommands.values()):
            assert command.summary, command.name


def test_arguments_read_as_in_the_manual():
    rows = load()
    assert rows[b"SET"].usage == (
        "key value [NX | XX] [GET] [EX seconds | PX milliseconds | "
        "EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]"
    )
    assert rows[b"ZUNION"].usage == (
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] "
        "[AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]"
    )
    assert rows[b"ZADD"].usage == (
        "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]"
    )
    assert rows[b"MSET"].usage == "key value [key value ...]"
    assert rows[b"CLIENT"].subcommands[b"LIST"].usage == (
        "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]"
    )
