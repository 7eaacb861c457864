"""View models: what is shown of an item, decided without a store or a clock."""

import datetime as dt
import zoneinfo
from typing import ClassVar

import pytest

from hunch_stream.item import Item, Media
from hunch_stream.query import Term, parse
from hunch_stream.source import SourceState
from hunch_web.view import heat, mark, when
from hunch_web.view.card import card, query_path
from hunch_web.view.content import clean, without_hashtags
from hunch_web.view.day import Burst, days
from hunch_web.view.facet import facets
from hunch_web.view.health import source_view, summary
from hunch_web.view.rating import split_rating
from hunch_web.view.search import search_query
from hunch_web.view.site import account_name, chrome
from hunch_web.view.words import count, describe

ZONE = zoneinfo.ZoneInfo("Europe/Stockholm")
NOW = dt.datetime(2026, 11, 22, 20, 40, tzinfo=dt.UTC)


def an_item(kind: str = "text", **fields: object) -> Item:
    values = {
        "id": "a" * 20,
        "source": "blog",
        "service": "wordpress",
        "type": kind,
        "guid": "g",
        "first_seen": NOW,
        "published": NOW,
        **fields,
    }
    return Item(**values)  # type: ignore[arg-type]


class TestContent:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("<p>a<b>b", "<p>a<b>b</b></p>"),
            ("a < b & c", "a &lt; b &amp; c"),
            ("<script>x</script>y", "y"),
            ("<style>x</style>y", "y"),
            ("<svg><a href=x>z</a></svg>y", "y"),
            ("<p onclick=x style=y>a</p>", "<p>a</p>"),
            ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("</p></div>a", "a"),
            ("<h1>t</h1>", "<h2>t</h2>"),
            ("<form><input>a</form>", "a"),
        ],
    )
    def test_writes_only_what_is_listed(self, source: str, expected: str) -> None:
        assert clean(source) == expected

    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "vbscript:x",
            " x:y",
        ],
    )
    def test_links_nowhere_strange(self, address: str) -> None:
        assert "href" not in clean(f'<a href="{address}">a</a>')

    def test_pictures_come_from_our_copies_or_become_links(self) -> None:
        body = '<img src="https://o.example/1.jpg" alt="Hills">'
        copy = {"https://o.example/1.jpg": "/media/ab/1.jpg"}
        assert 'src="/media/ab/1.jpg"' in clean(body, copy)
        without = clean(body)
        assert "<img" not in without
        assert '<a href="https://o.example/1.jpg"' in without
        assert ">Hills</a>" in without

    def test_deep_nesting_ends(self) -> None:
        out = clean("<b>" * 5_000 + "x")
        assert out.count("<b>") == out.count("</b>") <= 40
        assert "x" in out


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>Soup.</p><p><a>#allotment</a> <a>#sea</a></p>", "<p>Soup.</p>"),
        ("<p>Soup.</p><p><a>#other</a></p>", "<p>Soup.</p><p><a>#other</a></p>"),
        ("<p>#sea</p>", "<p>#sea</p>"),
        ("<p>Soup #sea</p>", "<p>Soup #sea</p>"),
        ("<p>Soup.</p><p>by the #sea</p>", "<p>Soup.</p><p>by the #sea</p>"),
    ],
)
def test_hashtags_are_not_said_twice(body: str, expected: str) -> None:
    assert without_hashtags(body, ("allotment", "Sea")) == expected


class TestRating:
    @pytest.mark.parametrize(
        ("title", "value", "expected"),
        [
            ("Past Lives, 2023 - ★★★★½", 0.0, ("Past Lives, 2023", 4.5)),
            ("Dune ★", 0.0, ("Dune", 1.0)),
            ("Dune - ★★★", 4.0, ("Dune", 4.0)),
            ("Stars ★ and more", 0.0, ("Stars ★ and more", None)),
            ("Book", 3.5, ("Book", 3.5)),
            ("Book", 0.0, ("Book", None)),
        ],
    )
    def test_comes_from_field_or_title(
        self, title: str, value: float, expected: tuple[str, float | None]
    ) -> None:
        rest, rating = split_rating(title, value)
        assert (rest, rating.value if rating else None) == expected

    def test_says_five_signs(self) -> None:
        rating = split_rating("", 3.5)[1]
        assert rating is not None
        assert rating.stars == ("full", "full", "full", "half", "none")
        assert rating.words == "3.5 out of 5 stars"


class TestCard:
    def test_article_leads_to_our_page_and_bookmark_away(self) -> None:
        article = card(an_item(url="https://o.example/a", title="A"), ZONE)
        assert article.target == f"/item/{'a' * 20}"
        bookmark = card(an_item("link", url="https://www.o.example/a", title="A"), ZONE)
        assert (bookmark.target, bookmark.host) == (
            "https://www.o.example/a",
            "o.example",
        )

    def test_hostile_address_is_no_link(self) -> None:
        shown = card(an_item("link", url="javascript:alert(1)", title="A"), ZONE)
        assert shown.original == ""
        assert shown.target == shown.permalink

    def test_note_has_text_and_no_title(self) -> None:
        note = card(
            an_item("note", title="x", content_html="<p>Hi <b>all</b></p>"), ZONE
        )
        assert (note.title, note.body) == ("", "<p>Hi <b>all</b></p>")

    def test_long_article_is_cut_between_words(self) -> None:
        shown = card(an_item(summary="word " * 200), ZONE)
        assert shown.excerpt.endswith("word …")
        assert len(shown.excerpt) < 340
        assert shown.rest

    @pytest.mark.parametrize("sign", ["[…]", "[...]", " […] "])
    def test_cut_summary_ends_in_an_ellipsis(self, sign: str) -> None:
        assert (
            card(an_item(summary="So it goes. " + sign), ZONE).excerpt
            == "So it goes. …"
        )

    def test_item_without_summary_is_told_by_its_body(self) -> None:
        item = an_item(
            "link", content_html="<p>All <b>of</b> it</p>", url="https://o.example/"
        )
        shown = card(item, ZONE)
        assert (shown.excerpt, shown.name) == ("All of it", "All of it")

    def test_only_pictures_we_hold_are_shown(self) -> None:
        ours = Media(url="https://o/1.jpg", path="ab/1.jpg", alt="A")
        theirs = Media(url="https://o/2.jpg")
        shown = card(an_item("picture", media=(ours, theirs)), ZONE)
        assert [one.address for one in shown.pictures] == ["/media/ab/1.jpg"]

    def test_time_is_the_sites(self) -> None:
        shown = card(
            an_item(published=dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)), ZONE
        )
        assert (shown.clock, shown.full) == ("00:30", "2 July 2026, 00:30")
        assert shown.iso == "2026-07-02T00:30:00+02:00"

    def test_midnight_utc_is_a_date_without_time(self) -> None:
        shown = card(an_item(published=dt.datetime(2026, 7, 1, tzinfo=dt.UTC)), ZONE)
        assert shown.clock == ""

    @pytest.mark.parametrize(
        ("address", "label"),
        [
            ("https://bsky.app/profile/x/post/1", "Bluesky"),
            ("https://social.example/@ada/1", "Mastodon"),
            ("https://www.else.example/x", "else.example"),
        ],
    )
    def test_says_where_else_it_is(self, address: str, label: str) -> None:
        shown = card(an_item(syndication=(address, "javascript:x")), ZONE)
        assert [one.label for one in shown.also] == [label]

    @pytest.mark.parametrize("tag", ["autumn", "black and white", "a:b", "-x", "ö"])
    def test_tag_links_find_that_tag(self, tag: str) -> None:
        from urllib.parse import unquote

        shown = card(an_item(tags=(tag,)), ZONE)
        path = shown.tags[0].address.removeprefix("/tags/")
        assert parse(unquote(path)).of("tag") == (tag,)


def test_days_group_by_the_sites_midnight_and_bursts_collapse() -> None:
    late = an_item("note", published=dt.datetime(2026, 11, 21, 23, 30, tzinfo=dt.UTC))
    pushes = [
        an_item("code", published=dt.datetime(2026, 11, 20, 10, n, tzinfo=dt.UTC))
        for n in (3, 2, 1)
    ]
    cards = [card(one, ZONE) for one in (late, *pushes)]
    first, second = days(cards, ZONE, dt.date(2026, 11, 22))
    assert (first.name, first.words, first.address) == (
        "Today",
        "22 November",
        "/2026/11/22/",
    )
    assert second.name == "Friday"
    assert isinstance(second.entries[0], Burst)
    assert second.count == 3


def test_day_of_another_year_says_so() -> None:
    assert (
        when.day_date(dt.date(2024, 2, 29), dt.date(2026, 1, 1)) == "29 February 2024"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "just now"),
        (61, "1 minute ago"),
        (7300, "2 hours ago"),
        (-130, "in 2 minutes"),
    ],
)
def test_ago(seconds: int, words: str) -> None:
    assert when.ago(NOW - dt.timedelta(seconds=seconds), NOW) == words


class TestHeat:
    counts: ClassVar = {
        dt.date(2025, 3, 1): 1,
        dt.date(2026, 11, 22): 16,
        dt.date(2026, 11, 1): 4,
    }

    def test_strip_of_a_day(self) -> None:
        rows = heat.strip(self.counts, 2026, 11, 22)
        assert [c.label for c in rows.years] == ["2025", "2026"]
        assert len(rows.months) == 12
        assert len(rows.days) == 30
        day = rows.days[21]
        assert (day.count, day.heat, day.is_current) == (16, 4, True)
        assert rows.days[0].heat == 1
        assert (rows.days[1].heat, rows.days[1].address) == (0, "")
        assert day.words == "22 November 2026: 16 items"

    def test_grids_place_days_by_week_and_weekday(self) -> None:
        newest = heat.grids(self.counts)[0]
        assert newest.year.label == "2026"
        sunday = newest.days[-1]
        assert (sunday.date, sunday.y) == (dt.date(2026, 11, 22), 6)

    def test_neighbours(self) -> None:
        first = dt.date(2026, 11, 1)
        assert heat.neighbours(self.counts, first, first) == (
            dt.date(2025, 3, 1),
            dt.date(2026, 11, 22),
        )

    def test_stray_years_do_not_fill_the_strip(self) -> None:
        rows = heat.strip({**self.counts, dt.date(1, 1, 1): 1}, 9999)
        assert [c.label for c in rows.years] == ["1", "2025", "2026", "9999"]

    def test_months_of_all_years_are_on_one_scale(self) -> None:
        newest, older = heat.grids(self.counts)
        assert newest.months[10].heat == 4
        assert older.months[2].heat == 1

    def test_nothing(self) -> None:
        assert heat.grids({}) == ()
        assert heat.strip({}).years == ()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Everything"),
        ("type:picture+autumn", "Photos tagged autumn"),
        ("source:blog+service:flickr", "Everything from Slow software or Flickr"),
        ('"slow life"+-loom', "Everything with “slow life” without loom"),
        ("after:2026-01+before:2026-03", "Everything since 2026-01 before 2026-03"),
    ],
)
def test_queries_in_words(query: str, words: str) -> None:
    assert describe(parse(query), {"blog": "Slow software"}) == words


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("slow software", '"slow"+"software"'),
        ('"slow software" #Autumn', 'autumn+"slow software"'),
        ("type:picture -loom", 'type:picture+-"loom"'),
        ("at 10:30", '"10:30"+"at"'),
        ('unclosed "quote', '"quote"+"unclosed"'),
    ],
)
def test_search_takes_words_for_words(typed: str, query: str) -> None:
    assert str(search_query(typed)) == query


def test_query_path_survives_an_address() -> None:
    assert query_path(Term("tag", "black and white")) == "tag:%22black%20and%20white%22"


def test_facets_are_ranked_and_lead_to_their_items() -> None:
    found = facets("tag", {"sea": 1, "black and white": 16, "bread": 4})
    assert [(f.label, f.size) for f in found] == [
        ("black and white", 4),
        ("bread", 2),
        ("sea", 1),
    ]
    assert found[0].address == "/tags/tag:%22black%20and%20white%22"
    assert facets("type", {"picture": 2})[0].label == "Photos"
    assert facets("tag", {}) == ()


class TestChrome:
    def test_named_services_once_and_plain_feeds_each(self) -> None:
        sources = [
            SourceState(slug="m1", service="mastodon"),
            SourceState(slug="m2", service="mastodon"),
            SourceState(slug="notes", service="hfeed", title="Notes – Ada writes"),
            SourceState(slug="empty", service="flickr"),
        ]
        counts = {"source": {"m1": 3, "m2": 4, "notes": 9}}
        found = chrome("ab/x.jpg", counts, sources, {})
        assert [(f.mark.label, f.count, f.address) for f in found.filters] == [
            ("Notes", 9, "/tags/source:notes"),
            ("Mastodon", 7, "/tags/service:mastodon"),
        ]
        assert found.total == 16
        assert found.photo == "/media/ab/x.jpg"

    @pytest.mark.parametrize(
        ("address", "name"),
        [
            ("https://mastodon.example/@ada", "@ada@mastodon.example"),
            ("https://github.com/ada", "GitHub"),
            ("https://www.ada.example/", "ada.example"),
        ],
    )
    def test_profile_links_have_short_names(self, address: str, name: str) -> None:
        assert account_name(address) == name


class TestMark:
    def test_unknown_service_gets_sign_and_name(self) -> None:
        found = mark.mark_of("some-thing", "picture")
        assert (found.label, found.sign) == ("Some Thing", "camera")

    def test_hostile_service_name_stays_in_its_attribute(self) -> None:
        assert mark.css_class('x" onload="y') == "s-x-onload-y"

    def test_every_sign_in_use_is_drawn(self) -> None:
        used = {sign for _, sign in mark._SERVICES.values()} | {*mark._BY_TYPE.values()}
        used |= {"all", "search", "triangle", "half", "star", "globe", "pen"}
        assert used <= set(mark._SIGNS)


class TestHealth:
    def test_failing_source_says_why_and_what_to_do(self) -> None:
        state = SourceState(
            slug="x",
            health="failing",
            reason="the server answered 403",
            remedy="Open it in a browser.",
            failures=3,
            next_due=NOW + dt.timedelta(hours=2),
            wait_reason="backoff",
        )
        view = source_view(state, "X", NOW)
        assert view.tone == "failing"
        assert view.reason == "The server answered 403."
        assert (view.due, view.succeeded) == ("in 2 hours", "never")
        assert summary([view]) == "1 of 1 sources cannot be read right now."

    def test_token_in_the_address_is_not_shown(self) -> None:
        state = SourceState(slug="x", feed_url="https://a.example/f?token=canary")
        assert "canary" not in repr(source_view(state, "X", NOW))

    def test_quiet_source_is_remarked(self) -> None:
        long_ago = NOW - dt.timedelta(days=200)
        state = SourceState(slug="x", health="ok", changed=long_ago, succeeded=NOW)
        assert "200 days" in source_view(state, "X", NOW).quiet


def test_counts() -> None:
    assert [count(n) for n in (0, 1, 2000)] == [
        "Nothing yet",
        "1 item",
        "2\u202f000 items",
    ]
