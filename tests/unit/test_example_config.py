"""hunch.example.toml is what people copy: it must be right and complete."""

import pathlib

import pytest

from hunch_stream import config

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["hunch.example.toml", "infra/demo/hunch.toml"])
def test_shipped_files_are_valid(name: str) -> None:
    assert config.load(ROOT / name).sources


@pytest.mark.parametrize("table", ["_SITE", "_AUTHOR", "_FETCH", "_SOURCE"])
def test_the_example_shows_every_key(table: str) -> None:
    text = (ROOT / "hunch.example.toml").read_text()
    for key in getattr(config, table):
        if key != "author":
            assert f"{key} =" in text or f"#{key} =" in text, key
