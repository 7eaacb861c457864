"""What a document changes: data in, intents out."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_aggregator.decide import Known, address_key, decide, fingerprint, ids_of
from hunch_aggregator.parse import ParsedEntry, ParsedFeed, ParsedMedia
from hunch_stream.item import Item
from hunch_stream.source import SourceConfig

NOW = dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC)
BLOG = SourceConfig(slug="blog", url="https://blog.example/")
DAY = dt.timedelta(days=1)


def entry(guid: str, days_ago: float | None = 1, **fields) -> ParsedEntry:
    published = None if days_ago is None else NOW - days_ago * DAY
    fields = {"title": f"title {guid}", "url": f"https://blog.example/{guid}", **fields}
    return ParsedEntry(guid=guid, published=published, **fields)


def feed(*entries: ParsedEntry, **fields) -> ParsedFeed:
    return ParsedFeed(**{"format": "feed", **fields}, entries=entries)


class Memory:
    """What a store would know after each decision is carried out."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[Item, str]] = {}
        self.aliases: dict[str, str] = {}

    def known(self, document: ParsedFeed, source: SourceConfig) -> Known:
        ids = set(ids_of(document, source))
        siblings = [i for i, _p in self.items.values() if i.source == source.slug]
        ids |= {i.id for i in siblings}
        stored = {i: self.items[i] for i in ids if i in self.items}
        visible = [i for i in siblings if i.visible]
        others = {
            k: self.items[i][0] for k, i in self.aliases.items() if i in self.items
        }
        return Known(stored, visible, others)

    def take(self, document: ParsedFeed, source=BLOG, now=NOW):
        decision = decide(document, self.known(document, source), source, now)
        for intent in decision.intents:
            old = self.items.get(intent.after.id, (None, ""))[1]
            self.items[intent.after.id] = (intent.after, intent.fingerprint or old)
        self.aliases.update(decision.aliases)
        return decision

    def of(self, guid: str) -> Item:
        return next(i for i, _p in self.items.values() if i.guid == guid)

    def order(self) -> list[str]:
        items = [i for i, _p in self.items.values() if i.visible]
        return [i.guid for i in sorted(items, key=lambda i: -i.position)]


def kinds(decision) -> list[str]:
    return [intent.kind for intent in decision.intents]


# --- adding, and adding nothing twice


def test_new_entries_are_added_and_a_second_look_changes_nothing():
    memory, document = Memory(), feed(entry("a", 1), entry("b", 2))
    assert kinds(memory.take(document)) == ["add", "add"]
    again = memory.take(document, now=NOW + DAY)
    assert kinds(again) == []
    assert again.unchanged == 2


def test_what_counts_views_is_no_change():
    one = entry("a", media=(ParsedMedia(url="https://x/p.jpg?sig=1", type="image/*"),))
    two = msgspec.structs.replace(
        one,
        updated=NOW,
        media=(ParsedMedia(url="https://x/p.jpg?sig=2", type="image/*", size_bytes=9),),
    )
    assert fingerprint(one, BLOG) == fingerprint(two, BLOG)


def test_the_owners_tags_reach_stored_items():
    memory, document = Memory(), feed(entry("a", tags=("x",)))
    memory.take(document)
    tagged = msgspec.structs.replace(BLOG, tags=("garden",), type="picture")
    assert kinds(memory.take(document, tagged)) == ["change"]
    assert memory.of("a").tags == ("x", "garden")
    assert memory.of("a").type == "picture"
    assert memory.of("a").state == "live"


# --- time


def test_a_post_from_the_future_stands_where_it_was_seen():
    memory = Memory()
    memory.take(feed(entry("a", -400)))
    assert memory.of("a").effective == NOW


def test_undated_entries_keep_the_order_of_their_document_for_good():
    memory, document = Memory(), feed(*(entry(g, None) for g in "abcd"))
    memory.take(document)
    assert memory.order() == list("abcd")
    memory.take(feed(entry("e", None), *document.entries), now=NOW + DAY)
    assert memory.order() == list("eabcd")


def test_atoms_updated_is_the_date_at_first_sight_only():
    memory = Memory()
    first = ParsedEntry(guid="a", title="x", updated=NOW - 3 * DAY)
    memory.take(feed(first))
    memory.take(feed(msgspec.structs.replace(first, title="y", updated=NOW)))
    assert memory.of("a").published == NOW - 3 * DAY
    assert memory.of("a").updated == NOW


@given(st.data())
def test_edits_never_move_anything(data):
    memory = Memory()
    guids = [f"g{n}" for n in range(6)]
    ages = st.none() | st.floats(-10, 1000)
    memory.take(feed(*(entry(g, data.draw(ages)) for g in guids)))
    order = memory.order()
    for number in range(3):
        edited = [
            entry(g, data.draw(ages), title=data.draw(st.text(max_size=5)) or "t")
            for g in guids
        ]
        memory.take(feed(*edited), now=NOW + (number + 1) * DAY)
        assert memory.order() == order


# --- editing


def test_other_words_make_an_edit_and_other_tags_do_not():
    memory = Memory()
    memory.take(feed(entry("a", content_html="<p>one</p>")))
    memory.take(feed(entry("a", content_html="<p>one</p>", tags=("t",))))
    assert memory.of("a").state == "live"
    memory.take(feed(entry("a", content_html="<p>two</p>", tags=("t",))))
    assert memory.of("a").state == "edited"
    assert memory.of("a").updated == NOW


# --- what is gone


def test_a_shorter_window_deletes_nothing():
    memory = Memory()
    memory.take(feed(*(entry(str(n), n) for n in range(1, 11))))
    decision = memory.take(feed(*(entry(str(n), n) for n in range(1, 4))))
    assert kinds(decision) == []
    assert not decision.missing


def test_what_misses_between_its_neighbours_is_suspected_and_in_lists_gone():
    whole = [entry(str(n), n) for n in range(1, 8)]
    without = [e for e in whole if e.guid != "4"]
    memory = Memory()
    memory.take(feed(*whole))
    missing = memory.take(feed(*without)).missing
    assert [i.guid for i in missing] == ["4"]
    document, ids = feed(*without), frozenset({missing[0].id})
    confirmed = decide(document, memory.known(document, BLOG), BLOG, NOW, ids)
    assert kinds(confirmed) == ["gone"]
    memory = Memory()
    memory.take(feed(*whole, format="mastodon"))
    assert kinds(memory.take(feed(*without, format="mastodon"))) == ["gone"]
    assert memory.of("4").state == "gone"
    assert kinds(memory.take(feed(*whole, format="mastodon"))) == ["change"]
    assert memory.of("4").state == "live"


def test_a_document_that_lost_most_of_itself_deletes_nothing():
    whole = [entry(str(n), n) for n in range(1, 21)]
    memory = Memory()
    memory.take(feed(*whole, format="mastodon"))
    few = [whole[0], whole[1], whole[-1]]
    assert kinds(memory.take(feed(*few, format="mastodon"))) == []


def test_documents_out_of_order_of_time_delete_nothing():
    whole = [entry("a", 1), entry("b", 5), entry("c", 3), entry("d", 9)]
    memory = Memory()
    memory.take(feed(*whole))
    shuffled = feed(whole[3], whole[0], whole[1])
    assert not memory.take(shuffled).missing


def test_tombstones_and_complete_documents_delete():
    memory = Memory()
    memory.take(feed(entry("a"), entry("b", 2), entry("c", 3)))
    memory.take(feed(entry("a"), entry("c", 3), ParsedEntry(guid="b", gone=True)))
    assert memory.of("b").state == "gone"
    memory.take(feed(entry("a"), complete=True))
    assert memory.of("c").state == "gone"
    assert kinds(memory.take(feed(ParsedEntry(guid="zz", gone=True)))) == []


# --- guids that change


def test_a_source_that_renames_everything_does_not_flood_the_stream():
    memory = Memory()
    old = [entry(f"http://blog.example/?p={n}", n, title=f"t{n}") for n in range(1, 9)]
    memory.take(feed(*old))
    new = [
        msgspec.structs.replace(
            e, guid=e.guid.replace("http:", "https:"), url=e.url.replace("?p", "?q")
        )
        for e in old
    ]
    decision = memory.take(feed(*new), now=NOW + DAY)
    assert kinds(decision) == ["change"] * 8
    assert len(memory.items) == 8
    assert kinds(memory.take(feed(*new), now=NOW + 2 * DAY)) == []


def test_two_entries_at_one_address_are_two_items():
    memory = Memory()
    page = "https://music.example/song"
    listens = [entry(f"l{n}", n, url=page, title="Song") for n in range(1, 4)]
    memory.take(feed(listens[2]))
    memory.take(feed(*listens[:2]))
    assert len(memory.items) == 3


# --- the same post in several places

MASTODON = SourceConfig(slug="toots", url="https://m.example/@me")


def toot(guid: str, days_ago: float, html: str, **fields) -> ParsedEntry:
    fields = {"url": f"https://m.example/@me/{guid}", **fields}
    return entry(guid, days_ago, title="", content_html=html, kind="note", **fields)


@pytest.mark.parametrize("first", ["blog", "toots"])
def test_a_post_that_names_its_copy_stands_for_it(first):
    memory = Memory()
    blog = feed(entry("p", 1, syndication=("https://m.example/@me/1",)))
    toots = feed(toot("1", 1, "<p>all other words</p>"), format="mastodon")
    order = [(blog, BLOG), (toots, MASTODON)]
    for document, source in order if first == "blog" else order[::-1]:
        memory.take(document, source)
    assert memory.of("1").same_as == memory.of("p").id
    assert memory.order() == ["p"]
    assert "https://m.example/@me/1" in memory.of("p").syndication
    for document, source in order:
        assert kinds(memory.take(document, source, NOW + DAY)) == []


@pytest.mark.parametrize("first", ["blog", "toots"])
def test_a_note_that_announces_a_post_is_its_copy(first):
    memory = Memory()
    blog = feed(entry("p", 1.1, title="On looms", content_html="<p>Long text</p>"))
    html = '<p>New: On looms <a href="https://blog.example/p?utm_source=m">blog.example/p</a></p>'
    toots = feed(toot("1", 1, html), format="mastodon")
    order = [(blog, BLOG), (toots, MASTODON)]
    for document, source in order if first == "blog" else order[::-1]:
        memory.take(document, source)
    assert memory.order() == ["p"]
    assert memory.of("p").syndication == ("https://m.example/@me/1",)


def test_a_note_that_only_links_to_a_post_stays_itself():
    memory = Memory()
    memory.take(feed(entry("p", 1.1, title="On looms")))
    html = (
        "<p>Last year I wrote something that still holds for kitchens and cats "
        '<a href="https://blog.example/p">here</a></p>'
    )
    memory.take(feed(toot("1", 1, html), format="mastodon"), MASTODON)
    assert sorted(memory.order()) == ["1", "p"]


def test_the_same_words_on_two_networks_are_one_post():
    memory = Memory()
    sky = SourceConfig(slug="sky", url="https://bsky.example/me")
    text = "<p>The pond froze over last night, finally! {}</p>"
    memory.take(feed(toot("1", 1, text.format("#ice"))), MASTODON)
    skeet = toot("at://1", 0.9, text.format("#Winter"), url="https://bsky.example/1")
    memory.take(feed(skeet), sky)
    assert memory.order() == ["1"]
    assert memory.of("1").syndication == ("https://bsky.example/1",)
    late = toot("at://2", -3, text.format(""), url="https://bsky.example/2")
    memory.take(feed(late), sky, NOW + 5 * DAY)
    assert memory.order() == ["at://2", "1"]


def test_greetings_are_not_copies():
    memory = Memory()
    sky = SourceConfig(slug="sky", url="https://bsky.example/me")
    memory.take(feed(toot("1", 1, "<p>Good morning!</p>")), MASTODON)
    other = toot("2", 0.9, "<p>Good morning!</p>", url="https://bsky.example/2")
    memory.take(feed(other), sky)
    assert len(memory.order()) == 2


def test_the_same_address_long_after_is_another_visit():
    memory = Memory()
    memory.take(feed(entry("p", 300)))
    pins = SourceConfig(slug="pins", url="https://pinboard.in/u:me")
    memory.take(feed(entry("q", 1, url="https://blog.example/p")), pins)
    assert len(memory.order()) == 2


def test_a_copy_stands_for_itself_when_its_original_is_gone():
    memory = Memory()
    posts = [entry("p", 2, syndication=("https://m.example/@me/1",))]
    posts += [entry("o", 1), entry("q", 3)]
    memory.take(feed(posts[1], posts[0], posts[2]))
    memory.take(feed(toot("1", 2, "<p>x</p>"), format="mastodon"), MASTODON)
    assert memory.order() == ["o", "p", "q"]
    gone = ParsedEntry(guid="p", gone=True)
    memory.take(feed(posts[1], posts[2], gone))
    assert memory.of("p").state == "gone"
    assert memory.order() == ["o", "1", "q"]
    assert kinds(memory.take(feed(posts[1], posts[2], gone))) == []


def test_an_edit_of_the_original_keeps_its_copies():
    memory = Memory()
    memory.take(feed(entry("p", 1, syndication=("https://m.example/@me/1",))))
    memory.take(feed(toot("1", 1, "<p>x</p>"), format="mastodon"), MASTODON)
    memory.take(feed(entry("p", 1, title="other words")))
    assert memory.of("p").syndication == ("https://m.example/@me/1",)
    assert memory.order() == ["p"]
    memory.take(feed(toot("1", 1, "<p>y</p>"), format="mastodon"), MASTODON)
    assert memory.order() == ["p"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.x.example/a/", "http://x.example/a"),
        ("https://x.example/a?utm_source=y&b=1#c", "https://x.example/a?b=1"),
        ("https://X.example", "https://x.example/"),
    ],
)
def test_spellings_of_one_address(one, other):
    assert address_key(one) == address_key(other)
    assert address_key("https://x.example/?id=1") != address_key(
        "https://x.example/?id=2"
    )


# --- anything at all

ENTRIES = st.lists(
    st.builds(
        entry,
        st.sampled_from("abcdef"),
        st.none() | st.floats(-5, 50),
        title=st.sampled_from(["", "one", "two"]),
        url=st.sampled_from(["", "https://blog.example/x", "https://blog.example/y"]),
        content_html=st.sampled_from(
            ["", "<p>a</p>", '<a href="https://blog.example/x">']
        ),
    ),
    max_size=6,
    unique_by=lambda e: e.guid,
)


@given(st.lists(ENTRIES, min_size=1, max_size=5))
def test_the_second_look_never_changes_anything(documents):
    memory = Memory()
    for number, entries in enumerate(documents):
        now = NOW + number * DAY
        memory.take(feed(*entries), now=now)
        again = memory.take(feed(*entries), now=now)
        assert kinds(again) == []
        present = {e.guid for e in entries}
        shown = {i.guid for i, _p in memory.items.values()}
        assert present <= shown
