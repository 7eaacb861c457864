"""Sources that answer badly: said on /sources, no harm to the others, nothing lost."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.hostile import DATES, server
from support.site import Site, eventually

BAD = ("html", "empty", "junk", "bomb", "loop", "down", "status")
ODD = ("latin", "dates", "death", "script")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    import tempfile

    with server() as origin, tempfile.TemporaryDirectory(prefix="hunch-") as name:
        folder = pathlib.Path(name)
        addresses = {
            slug: f"{origin}/{slug}"
            for slug in ("good", *BAD, *ODD)
            if slug not in {"down", "status"}
        }
        # Port 1 of the loopback is closed; the other answers 500.
        addresses |= {"down": "http://127.0.0.1:1/feed", "status": f"{origin}/status"}
        rows = [
            f'[[source]]\nslug = "{s}"\nurl = "{u}"\n' for s, u in addresses.items()
        ]
        head = (
            '[site]\nid = "t"\ntitle = "T"\n[fetch]\nallow_networks = ["127.0.0.0/8"]\n'
        )
        config = folder / "hunch.toml"
        config.write_text(head + "\n".join(rows))
        running = Site(folder / "data", config)
        running.start()
        try:
            eventually(
                lambda: all(s["checked"] != "never" for s in sources(running).values()),
                90,
            )
            eventually(lambda: len(sources(running)) == len(addresses), 90)
            yield running
        finally:
            running.stop()


def sources(site: Site) -> dict[str, dict[str, Any]]:
    return {s["slug"]: s for s in site.get("/sources.json").json["sources"]}


@pytest.mark.parametrize("slug", BAD)
def test_bad_sources_say_why_and_what_to_do(site: Site, slug: str) -> None:
    source = eventually(lambda: (s := sources(site)[slug])["reason"] and s, 90)
    assert source["tone"] != "well"
    assert len(source["reason"]) > 10
    page = site.get("/sources.html").text
    assert source["reason"][:30].split("'")[0] in re.sub(r"&#?\w+;", "'", page)


def test_good_sources_are_unharmed(site: Site) -> None:
    source = eventually(lambda: (s := sources(site)["good"])["items"] == 5 and s)
    assert source["tone"] == "well"


def test_odd_dates_lose_no_item(site: Site) -> None:
    assert eventually(lambda: sources(site)["dates"]["items"] == len(DATES))
    eventually(lambda: sum(_dated(item) for item in site.items()) == len(DATES))


def _dated(item: dict[str, Any]) -> bool:
    return str(item.get("title", "")).startswith("Dated")


def test_wrong_encodings_lose_no_item(site: Site) -> None:
    assert eventually(lambda: sources(site)["latin"]["items"] == 1)


def test_a_feed_of_death_is_survived(site: Site) -> None:
    source = sources(site)["death"]
    assert source["reason"] or source["items"] == 1


def test_scripts_do_not_reach_the_reader(site: Site) -> None:
    eventually(lambda: sources(site)["script"]["items"] == 1)
    item = next(i for i in site.items() if "kept words" in str(i))
    page = site.get(re.sub(r"^https?://[^/]+", "", item["url"])).text
    for text in (page, str(item["content_html"])):
        assert "<script>alert" not in text
        assert "onerror=" not in text
        assert "javascript:" not in text


def test_memory_stays_bounded(site: Site) -> None:
    """Ten gigabytes came by; no process of the aggregator ever held much of it."""
    pid = site.pid("aggregator")
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak_kb = int(re.search(r"VmHWM:\s+(\d+)", status).group(1))  # type: ignore[union-attr]
    assert peak_kb < 300_000
