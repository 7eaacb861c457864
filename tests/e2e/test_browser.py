"""The front page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from support.site import Site

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

# Started without its background services: they would only wait for a network.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_front_page_loads_whole_and_from_here_alone(demo: Site, page: Any) -> None:
    trouble: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("request", lambda r: hosts.add(r.url.split("/")[2]))
    page.goto(demo.url + "/", wait_until="networkidle")
    assert page.locator("h1").first.inner_text().strip() == "Ines Falk"
    assert page.locator("main article").count() >= 20
    assert (
        page.evaluate(
            "[...document.images].filter(i => i.loading != 'lazy' && !i.naturalWidth).map(i => i.src)"
        )
        == []
    )
    assert hosts == {f"127.0.0.1:{demo.port}"}
    assert trouble == []


def test_reads_on_to_the_next_page(demo: Site, page: Any) -> None:
    page.goto(demo.url + "/")
    first = page.locator("main article").first.inner_text()
    page.locator("a[rel=next]").click()
    assert "before=" in page.url
    assert page.locator("main article").first.inner_text() != first


def test_fits_a_phone(demo: Site, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(demo.url + "/", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
