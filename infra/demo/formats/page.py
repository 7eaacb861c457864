"""HTML: the recipe page marked up as an h-feed, and a page behind every link."""

from __future__ import annotations

import html

from formats.xml import iso
from trail import Post

_STYLE = "<style>body{font:1.1rem/1.6 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}img{max-width:100%}</style>"


def hfeed(posts: list[Post], base: str) -> bytes:
    """Recipes on one page, readable by people and, through its classes, by programs."""
    entries = "\n".join(_hentry(post, base) for post in posts)
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Ines cooks</title>{_STYLE}
<main class="h-feed">
<h1 class="p-name">Ines cooks</h1>
<p class="p-author h-card"><a class="u-url p-name" href="{base}/recipes/">Ines Falk</a></p>
{entries}
</main></html>""".encode()


def _hentry(post: Post, base: str) -> str:
    pictures = "".join(
        f'<img class="u-photo" src="/pictures/{p.name}" alt="{html.escape(p.alt)}">'
        for p in post.pictures
    )
    tags = " ".join(f'<span class="p-category">{tag}</span>' for tag in post.tags)
    return f"""<article class="h-entry">
<h2><a class="p-name u-url" href="{base}/recipes/{post.slug}">{html.escape(post.title)}</a></h2>
{pictures}
<div class="e-content">{post.html}</div>
<p><time class="dt-published" datetime="{iso(post.moment)}">{post.moment:%d %B %Y}</time> {tags}</p>
</article>"""


def landing(title: str, feed: str = "", kind: str = "") -> bytes:
    """The home page of a place; names its feed if it has one."""
    title = html.escape(title)
    link = f'<link rel="alternate" type="{kind}" href="{feed}" title="{title}">'
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>{_STYLE}
{link if feed else ""}
<h1>{title}</h1>
<p>A sample page of the demo: Ines is invented, the feeds are real.</p>
</html>""".encode()


def post(post: Post) -> bytes:
    """The page behind a permalink: the post, and a word that it is a sample."""
    title = html.escape(post.title or post.text[:60])
    pictures = "".join(
        f'<p><img src="/pictures/{p.name}" alt="{html.escape(p.alt)}"></p>'
        for p in post.pictures
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>{_STYLE}
<h1>{title}</h1>
<p><time datetime="{iso(post.moment)}">{post.moment:%d %B %Y}</time></p>
{pictures}{post.html}
<hr><p>A sample page of the demo: Ines is invented.</p>
</html>""".encode()
