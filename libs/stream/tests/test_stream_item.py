"""Items: identity, order and the way to the store and back."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from hunch_stream import item as codec
from hunch_stream.item import Item, Media, effective_time, item_id, position

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def make(**fields: object) -> Item:
    basis = {"id": "x", "source": "s", "service": "web", "type": "text", "guid": "g"}
    return Item(**(basis | {"first_seen": NOW} | fields))  # type: ignore[arg-type]


def test_id_depends_on_source_and_guid_and_on_nothing_else() -> None:
    assert item_id("blog", "1") == item_id("blog", "1")
    assert len({item_id("blog", "1"), item_id("blog", "2"), item_id("b", "log1")}) == 3


def test_future_and_missing_dates_stand_where_first_seen() -> None:
    tomorrow = NOW + dt.timedelta(days=1)
    assert effective_time(tomorrow, NOW) == NOW
    assert effective_time(None, NOW) == NOW
    assert effective_time(NOW - dt.timedelta(days=1), NOW) < NOW


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)), st.text())
def test_position_is_exact_as_a_double_and_keeps_the_second(
    moment: dt.datetime, name: str
) -> None:
    aware = moment.replace(tzinfo=dt.UTC)
    place = position(name, aware)
    assert int(float(place)) == place
    assert place // 1_000_000 == int(
        (aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)).total_seconds()
    )


def test_items_of_one_second_have_places_of_their_own() -> None:
    places = {position(str(n), NOW) for n in range(300)}
    assert len(places) == 300


def test_survives_the_store() -> None:
    item = make(
        published=NOW - dt.timedelta(days=3),
        tags=("a", "ü"),
        media=(Media("https://x.example/a.jpg", alt="A hill"),),
        rating=3.5,
    )
    assert codec.decode(codec.encode(item)) == item


def test_text_is_what_people_read() -> None:
    item = make(
        title="Über",
        content_html="<p>one</p><p>two &amp; <b>th</b>ree</p><img alt='a cat'>",
        summary="left out, the body says it",
    )
    assert item.text == "Über\none two & three a cat"


def test_hidden_items() -> None:
    assert make().visible
    assert not make(state="gone").visible
    assert not make(same_as="y").visible
