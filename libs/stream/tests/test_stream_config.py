"""The configuration file: what is read, and how wrong ones are explained."""

import pathlib

import pytest

from hunch_stream.config import ConfigError, load, parse

GOOD = """
[site]
id = "ada"
title = "Ada's trail"
url = "https://ada.example"
time_zone = "Europe/Stockholm"

[site.author]
name = "Ada"
links = ["https://mastodon.example/@ada"]

[fetch]
interval = "15m"
allow_networks = ["127.0.0.0/8"]

[[source]]
url = "https://blog.ada.example/feed/"
slug = "blog"
tags = ["Writing"]

[[source]]
url = { env = "PRIVATE_FEED" }
interval = "1d"
"""


def test_reads_everything() -> None:
    environ = {"PRIVATE_FEED": "https://mastodon.example/@ada"}
    config = parse(GOOD, "hunch.toml", environ)
    assert config.site.url == "https://ada.example/"
    assert config.site.author.links == ("https://mastodon.example/@ada",)
    assert config.fetch.interval_s == 900
    assert [s.slug for s in config.sources] == ["blog", "mastodon-ada"]
    assert config.sources[0].tags == ("writing",)
    assert config.sources[1].interval_s == 86400


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[site]\ntitel = 'x'\n", 2, "Did you mean title?"),
        ("[sites]\n", 1, "Did you mean site?"),
        ("[site]\ntitle = \n", 2, "no valid TOML"),
        ("[fetch]\n\ninterval = 'soon'\n", 3, "no span of time"),
        ("[fetch]\ninterval = 5\n", 2, "under a minute"),
        ("[fetch]\nconcurrency = true\n", 2, "1 to 64"),
        ("[fetch]\nallow_networks = ['here']\n", 2, "allow_networks"),
        ("[site]\ntime_zone = 'Mars/Base'\n", 2, "no zone"),
        ("[[source]]\nslug = 'a'\n", 1, "without url"),
        ("[[source]]\nurl = 'blog'\n", 2, "must begin with https"),
        ("[[source]]\nurl = 'ftp://x.example/'\n", 2, "must begin with https"),
        ("[[source]]\nurl = 'https://u:p@x.example/'\n", 2, "user name"),
        ("[[source]]\nurl = 'https://[::1'\n", 2, "no address"),
        ("[[source]]\nurl = { env = 'NOWHERE' }\n", 2, "NOWHERE is not set"),
        ("[[source]]\nurl = 'https://x.example/'\nslug = 'A b'\n", 3, "a-z"),
        ("[[source]]\nurl='https://x.example/'\n" * 2, 3, "a second source"),
        ("[[source]]\nurl='https://x.example/'\ntype='photo'\n", 3, "one of text"),
        ("[source]\nurl = 'https://x.example/'\n", 1, "doubled"),
        ("site = 3\n", 1, "no table"),
    ],
)
def test_wrong_files_name_line_and_remedy(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse(text, "hunch.toml", {})
    assert caught.value.line == line
    assert str(caught.value).startswith(f"hunch.toml:{line}: ")
    assert caught.value.remedy


def test_missing_file_says_what_to_do(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"hunch\.example\.toml"):
        load(tmp_path / "none.toml")


def test_file_that_is_no_text(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hunch.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)
