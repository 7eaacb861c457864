"""The stream as feeds: one document, written as Atom, RSS or JSON Feed.

`document` decides what a subscriber gets of each item; `atom`, `rss` and `jsonfeed`
only know how their format says it. All of it is pure: items in, bytes out.
"""
