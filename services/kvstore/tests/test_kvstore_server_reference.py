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
            assert command.summary.endswith("."), command.name
