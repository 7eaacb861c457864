"""The pages in a real browser: they fit, can be read, and work by keyboard."""

import shutil
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from hunch_web.app import Site

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATHS = ["/", "/tags/autumn", "/2026/11/", "/timeline/", "/sources", "/search",
         "/explain/autumn", "/nowhere"]  # fmt: skip

# Every text of a page against the nearest painted ground behind it (WCAG 2.2, 1.4.3).
# Texts over pictures have a ground of their own and are left out.
CONTRAST = """() => {
  const parse = (text) => {
    const n = text.match(/[\\d.]+/g).map(Number);
    return { rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => {
      v /= 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0.99) return rgb;
      if (alpha > 0) return null;
    }
    return null;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const node = walker.currentNode.parentElement;
    if (!text || !node.checkVisibility() || node.closest("svg, .unseen, .film")) continue;
    const style = getComputedStyle(node);
    const back = ground(node);
    if (!back) continue;
    const [high, low] = [light(parse(style.color).rgb), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push([text.slice(0, 40), ratio.toFixed(2)]);
  }
  return found;
}"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def base(site: Site) -> Iterator[str]:
    with make_server("127.0.0.1", 0, site, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read(base: str, browser: Any, scheme: str) -> None:
    trouble: list[str] = []
    hosts: set[str] = set()
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "console",
        lambda m: (
            trouble.append(m.text) if "Content Security Policy" in m.text else None
        ),
    )
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for path in PATHS:
        page.goto(base + path)
        for width in (320, 390, 768, 1280, 1600):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, width)
        assert page.evaluate(CONTRAST) == [], (path, scheme)
    pale = {"light": "#bbb", "dark": "#333"}[scheme]
    page.evaluate("pale => { document.querySelector('h1').style.color = pale }", pale)
    assert page.evaluate(CONTRAST), "the check itself finds nothing"
    assert trouble == []
    assert hosts == {base.removeprefix("http://")}
    context.close()


def test_keyboard_walks_and_skips(base: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(base + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the stream"
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.closest('.post').id")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.closest('.post').id")
    assert first != second
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('.post').id") == first
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "seek-q"
    page.keyboard.type("jk dye")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=jk+dye")
    page.close()


def test_timeline_opens_a_day_by_address_and_by_key(base: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(base + "/timeline/#2026-11-22")
    lens = page.locator("#lens")
    lens.locator("li").first.wait_for()
    assert lens.locator("h2").inner_text() == "22 November 2026"
    assert "First snow" in lens.inner_text()
    assert "20:58" in lens.inner_text()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/timeline/#2026-11-21")
    page.get_by_role("heading", name="21 November 2026").wait_for()
    page.keyboard.press("Escape")
    lens.wait_for(state="hidden")
    page.close()


def test_everything_works_without_script(base: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + "/")
    page.locator("a[rel=next]").click()
    assert "before=" in page.url
    page.locator(".filters a", has_text="Flickr").click()
    assert page.locator("h1").inner_text() == "Everything from Flickr"
    page.goto(base + "/timeline/")
    page.locator("svg a[id='2026-11-22']").click()
    assert page.url.endswith("/2026/11/22/")
    context.close()
