"""Dates as they come, and dates that mean nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_aggregator.parse.date import parse_date

UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-01-02", "2026-01-02T00:00:00"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456"),
        ("2026-01-02T03:04:05,5+02:00", "2026-01-02T01:04:05.500000"),
        ("2026-01-02 03:04", "2026-01-02T03:04:00"),
        ("20260102T030405Z", "2026-01-02T03:04:05"),
        ("Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05"),
        ("Fri, 02 Jan 2026 03:04:05 +0130", "2026-01-02T01:34:05"),
        ("2 Jan 2026 03:04 EST", "2026-01-02T08:04:00"),
        ("Fri, 02 Jan 26 03:04:05 PDT", "2026-01-02T10:04:05"),
        ("Thursday, January 1, 2026 5:05 pm", "2026-01-01T17:05:00"),
        ("Di, 23 Jan 2018 10:00:00 GMT", "2018-01-23T10:00:00"),
        ("mer, 9 avr 2018 00:00:00 +0200", "2018-04-08T22:00:00"),
        ("Lundi, 16. Novembre 2020 - 15:54", "2020-11-16T15:54:00"),
        ("16. März 2020", "2020-03-16T00:00:00"),
        ("1 Déc 2019 16:12 +0000", "2019-12-01T16:12:00"),
        ("9 de enero de 2020 10:00", "2020-01-09T10:00:00"),
        ("3 maggio 2021", "2021-05-03T00:00:00"),
        ("April 2018", "2018-04-01T00:00:00"),
    ],
)
def test_dates_that_people_write(text, when):
    assert parse_date(text) == dt.datetime.fromisoformat(when).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "soon",
        "never",
        "10:30",
        "yesterday",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "2018-04-31",
        "2026-13-01T00:00:00Z",
        "Sun, 99 Foo 2020",
        "9999-12-31T23:59:59-14:00",
        "99999999999999999999",
        "1" * 5000,
        "2026-01-02T25:61:61Z",
    ],
)
def test_dates_that_mean_nothing_are_none(text):
    assert parse_date(text) is None


@given(st.text(max_size=60))
def test_no_text_raises(text):
    found = parse_date(text)
    assert found is None or (found.tzinfo is UTC and 1971 <= found.year <= 2500)


@given(st.datetimes(dt.datetime(1971, 1, 2), dt.datetime(2400, 1, 1)))
def test_iso_dates_are_read_exactly(moment):
    moment = moment.replace(tzinfo=UTC)
    assert parse_date(moment.isoformat()) == moment
