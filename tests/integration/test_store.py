"""The store client against a real kvstore: commits, pages, counters, and a kill -9."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunch_stream.item import Item, item_id
from hunch_stream.query import Query, Term, parse
from hunch_stream.source import SourceState
from hunch_stream.store import Change, Commit, Store, StoreError, StoreUnavailable

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def make(number: int, **fields: Any) -> Item:
    basis: dict[str, Any] = {
        "id": item_id("blog", str(number)),
        "source": "blog",
        "service": "wordpress",
        "type": "text",
        "guid": str(number),
        "title": f"Post number {number}",
        "published": NOW - dt.timedelta(hours=number),
        "first_seen": NOW,
    }
    return Item(**(basis | fields))


def write(store: Store, *items: Item, source: str = "blog") -> int:
    found = store.stored([item.id for item in items])
    changes = [
        Change(found[item.id].item if item.id in found else None, item, "f")
        for item in items
    ]
    return store.commit(Commit(SourceState(slug=source, next_due=NOW), changes)).version


def test_pages_are_exact_however_many_share_a_second(store: Store) -> None:
    write(
        store,
        *(make(n, published=NOW - dt.timedelta(seconds=n // 50)) for n in range(200)),
    )
    seen: list[str] = []
    cursor: int | None = None
    while True:
        page = store.page(Query(), before=cursor, limit=7)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 200


def test_counters_follow_every_change(store: Store) -> None:
    write(store, make(1, tags=("a", "b")), make(2, tags=("a",)), make(3))
    assert store.facets()["tag"] == {"a": 2, "b": 1}
    assert store.facets()["type"] == {"text": 3}
    assert store.days() == {dt.date(2026, 11, 23): 3}
    write(
        store,
        make(1, state="gone", tags=("a", "b")),
        make(2, tags=("c",)),
        make(3, same_as="x"),
    )
    assert store.facets()["tag"] == {"c": 1}
    assert store.days() == {dt.date(2026, 11, 23): 1}
    before = store.facets(), store.days()
    assert store.recount() == 3
    assert (store.facets(), store.days()) == before


def test_days_are_those_of_the_site(kvstore: Any) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    store = Store.connect(kvstore.url, "nz", zone=zone)
    store.ensure_index()
    write(store, make(0))  # noon in UTC is past midnight there
    assert store.days() == {dt.date(2026, 11, 24): 1}
    utc = Store.connect(kvstore.url, "nz")
    utc.ensure_index()  # the owner moved: days are counted anew
    assert utc.days() == {dt.date(2026, 11, 23): 1}


def test_version_moves_only_when_readers_see_a_difference(store: Store) -> None:
    first = write(store, make(1))
    assert write(store) == first
    assert write(store, make(2, state="gone")) == first
    assert write(store, make(2)) == first + 1


def test_search_and_explain(store: Store) -> None:
    write(
        store,
        make(1, title="Night trains of Europe", tags=("trains",)),
        make(2, title="The night shift", content_html="<p>No <b>trains</b> at all</p>"),
        make(3, title="Day", tags=("trains", "new york")),
    )
    assert [i.guid for i in store.page(parse("text:night")).items] == ["1", "2"]
    assert [i.guid for i in store.page(parse('"night trains"')).items] == ["1"]
    assert [i.guid for i in store.page(parse("trains+-text:night")).items] == ["3"]
    assert [i.guid for i in store.page(parse('tag:"new york"')).items] == ["3"]
    explained = store.explain(parse("trains+text:night"))
    assert explained.total == 1
    assert {(t.term.kind, t.count) for t in explained.terms} == {
        ("tag", 2),
        ("text", 2),
    }
    assert explained.plan


def test_neighbours(store: Store) -> None:
    write(store, make(1), make(2), make(3))
    newer, older = store.neighbours(make(2).position, Query())
    assert newer is not None
    assert older is not None
    assert (newer.guid, older.guid) == ("1", "3")
    assert store.neighbours(make(1).position, Query())[0] is None


def test_sources_are_followed_and_due(store: Store) -> None:
    store.follow(["b", "a"], NOW)
    assert store.due(NOW) == ["a", "b"]
    later = NOW + dt.timedelta(hours=1)
    store.commit(Commit(SourceState(slug="a", next_due=later, title="A")))
    assert store.due(NOW) == ["b"]
    assert [s.title for s in store.sources()] == ["A"]
    store.follow(["a"], NOW)
    assert store.due(later) == ["a"]
    assert store.next_due() == later.timestamp()


def test_a_lease_has_one_owner(store: Store) -> None:
    assert store.lease("blog", "one")
    assert not store.lease("blog", "two")
    store.release("blog", "two")
    assert not store.lease("blog", "two")
    store.release("blog", "one")
    assert store.lease("blog", "two")


def test_commits_survive_kill_9(kvstore: Any, store: Store) -> None:
    for round_ in range(3):
        write(store, *(make(n) for n in range(round_ * 20, round_ * 20 + 20)))
        kvstore.kill()
        with pytest.raises(StoreUnavailable):
            store.ping()
        kvstore.start()
        page = store.page(Query(), limit=100)
        assert [i.guid for i in page.items] == [str(n) for n in range(round_ * 20 + 20)]
        assert sum(store.days().values()) == page.total == round_ * 20 + 20
    assert kvstore.stop() == 0


def test_refused_commands_are_errors_of_ours(store: Store) -> None:
    with pytest.raises(StoreError, match="no store address"):
        Store.connect("kvstore", "x")
    with pytest.raises(StoreUnavailable):
        Store.connect("unix:///nowhere/kv.sock", "x").ping()


@dataclasses.dataclass
class Model:
    items: dict[str, Item]

    def matches(self, item: Item, query: Query) -> bool:
        def any_of(kind: str, value: str) -> bool:
            wanted, unwanted = query.of(kind), query.of(kind, negated=True)
            return (not wanted or value in wanted) and value not in unwanted

        return (
            item.visible
            and any_of("source", item.source)
            and any_of("service", item.service)
            and any_of("type", item.type)
            and set(query.of("tag")) <= set(item.tags)
            and not set(query.of("tag", negated=True)) & set(item.tags)
        )


TAGS = ("red", "green", "new-york", "c++", "ü", "a b")
items = st.builds(
    make,
    st.integers(0, 30),
    service=st.sampled_from(["flickr", "web"]),
    type=st.sampled_from(["text", "picture"]),
    tags=st.lists(st.sampled_from(TAGS), unique=True).map(tuple),
    state=st.sampled_from(["live", "edited", "gone"]),
    same_as=st.sampled_from(["", "", "other"]),
)
terms = st.one_of(
    st.builds(Term, st.just("tag"), st.sampled_from(TAGS), st.booleans()),
    st.builds(
        Term, st.just("type"), st.sampled_from(["text", "picture"]), st.booleans()
    ),
    st.builds(
        Term, st.just("service"), st.sampled_from(["flickr", "web"]), st.booleans()
    ),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(items, max_size=25), st.lists(st.lists(terms, max_size=4), max_size=5))
def test_answers_as_a_plain_walk_over_all_items_would(
    store: Store, written: list[Item], queries: list[list[Term]]
) -> None:
    # Examples share one store: what is left of the last one goes first.
    old = [msgspec.structs.replace(item, state="gone") for item in store.every_item()]
    write(store, *old)
    model = Model({})
    for item in written:
        write(store, item)
        model.items[item.id] = item
    for chosen in queries:
        query = parse("+".join(str(term) for term in chosen))
        expected = [i for i in model.items.values() if model.matches(i, query)]
        page = store.page(query, limit=50)
        assert [i.id for i in page.items] == [
            i.id for i in sorted(expected, key=lambda i: -i.position)
        ]
        assert page.total == len(expected)
    assert sum(store.days().values()) == sum(i.visible for i in model.items.values())


def test_totals_survive_an_index_that_exists_already(store: Store) -> None:
    """Every start of the aggregator asks for the index again, and is refused."""
    for round_ in range(3):
        write(store, *(make(n) for n in range(round_ * 60, round_ * 60 + 60)))
        store.ensure_index()
        assert store.count(Query()) == round_ * 60 + 60
