"""The mark of a service: its name for readers, its sign and its noun.

Signs are drawn for this project on a grid of 24 units; none copies a trade mark. The
colour of a service is a matter of the style sheet (class `s-<service>`), because the
content security policy forbids styles inside a page.
"""

from __future__ import annotations

import dataclasses
import re

_SIGNS = {
    "pen": "M4 20l1.2-4.6L16.6 4a2 2 0 0 1 2.9 0l.5.5a2 2 0 0 1 0 2.9L8.6 18.8zM14 6.6l3.4 3.4",
    "speech": "M5 4.5h14a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5h-7L7 20v-3.5H5A1.5 1.5 0 0 1 3.5 15V6A1.5 1.5 0 0 1 5 4.5zM8 9h8M8 12.5h5",
    "wings": "M12 10.5C10.5 7 7 4.5 4.5 4.5c-1 4 .5 8 4 8.5-2 .5-3 2-2 4 2 2.5 4.5 1 5.5-2.5 1 3.5 3.5 5 5.5 2.5 1-2 0-3.5-2-4 3.5-.5 5-4.5 4-8.5-2.5 0-6 2.5-7.5 6z",
    "camera": "M4.5 7.5h3L9 5h6l1.5 2.5h3A1.5 1.5 0 0 1 21 9v8.5a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5V9a1.5 1.5 0 0 1 1.5-1.5zM12 9.5a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2z",
    "play": "M5 5.5h14A1.5 1.5 0 0 1 20.5 7v10a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 17V7A1.5 1.5 0 0 1 5 5.5zM10.3 9.2v5.6L15 12z",
    "branch": "M7 8.5v7M7 3.7a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM7 15.5a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM17 5.7a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM17 10.5c0 3.5-4 3.2-8.2 5.3",
    "pin": "M9 4h6l-.8 6.2 3.3 3.3H6.5l3.3-3.3zM12 13.5V20.5",
    "film": "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-11A1.5 1.5 0 0 1 4.5 5zM7.5 5v14M16.5 5v14M3 9.7h4.5M3 14.3h4.5M16.5 9.7H21M16.5 14.3H21",
    "mic": "M12 3.5a2.9 2.9 0 0 1 2.9 2.9v5.2a2.9 2.9 0 0 1-5.8 0V6.4A2.9 2.9 0 0 1 12 3.5zM5.7 11.3a6.3 6.3 0 0 0 12.6 0M12 17.6v3",
    "globe": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.7 12h16.6M12 3.5c-5 5-5 12 0 17 5-5 5-12 0-17z",
    "book": "M12 6.5C10 5 7 4.5 3.5 4.7v13C7 17.5 10 18 12 19.5c2-1.5 5-2 8.5-1.8v-13C17 4.5 14 5 12 6.5zM12 6.5v13",
    "note": "M9.5 17V5.8L19 4v11.2M9.5 17a2.7 2.7 0 1 1-5.4 0 2.7 2.7 0 0 1 5.4 0zM19 15.2a2.7 2.7 0 1 1-5.4 0 2.7 2.7 0 0 1 5.4 0zM9.5 9.5L19 7.7",
    "calendar": "M5 5.5h14A1.5 1.5 0 0 1 20.5 7v11.5A1.5 1.5 0 0 1 19 20H5a1.5 1.5 0 0 1-1.5-1.5V7A1.5 1.5 0 0 1 5 5.5zM3.5 10h17M8 3.5v4M16 3.5v4",
    "place": "M12 20.8c4.6-4.6 6.9-8 6.9-11A6.9 6.9 0 0 0 5.1 9.8c0 3 2.3 6.4 6.9 11zM12 7.3a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
    "layers": "M12 3.5l8.5 4.7L12 13 3.5 8.2zM4 12.5l8 4.4 8-4.4M4 16.5l8 4.3 8-4.3",
    "code": "M8 7l-5 5 5 5M16 7l5 5-5 5M13.7 4.8l-3.4 14.4",
    "star": "M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8z",
    "pad": "M7.5 7.5h9a5 5 0 0 1 4.9 6l-.5 2.6a2.4 2.4 0 0 1-4.2 1.1L15 15H9l-1.7 2.2a2.4 2.4 0 0 1-4.2-1.1l-.5-2.6a5 5 0 0 1 4.9-6zM8 9.7v3M6.5 11.2h3M15.5 11.2h1.5",
    "waves": "M5 19.5h.01M5 12.5a7 7 0 0 1 7 7M5 5.5a14 14 0 0 1 14 14",
    "link": "M10.5 13.5a3.8 3.8 0 0 0 5.4 0l3.3-3.3a3.8 3.8 0 0 0-5.4-5.4l-1.3 1.3M13.5 10.5a3.8 3.8 0 0 0-5.4 0l-3.3 3.3a3.8 3.8 0 0 0 5.4 5.4l1.3-1.3",
    "all": "M4.5 6.5h15M4.5 12h15M4.5 17.5h9",
    "half": "M12 3.8L9.5 9l-5.7.8 4.1 4-1 5.7L12 16.8z",
    "triangle": "M8.5 5.5v13l10.5-6.5z",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3L20.5 20.5",
}

_BY_TYPE = {
    "text": "pen",
    "note": "speech",
    "picture": "camera",
    "video": "play",
    "sound": "mic",
    "link": "pin",
    "code": "branch",
    "recommendation": "star",
    "place": "place",
    "event": "calendar",
}

_SERVICES = {
    "bandcamp": ("Bandcamp", "note"),
    "bluesky": ("Bluesky", "wings"),
    "bookwyrm": ("BookWyrm", "book"),
    "codeberg": ("Codeberg", "branch"),
    "devto": ("DEV", "code"),
    "discourse": ("Discourse", "speech"),
    "flickr": ("Flickr", "camera"),
    "forgejo": ("Forgejo", "branch"),
    "ghost": ("Ghost", "pen"),
    "gitea": ("Gitea", "branch"),
    "github": ("GitHub", "branch"),
    "gitlab": ("GitLab", "branch"),
    "goodreads": ("Goodreads", "book"),
    "hackernews": ("Hacker News", "speech"),
    "lastfm": ("Last.fm", "note"),
    "lemmy": ("Lemmy", "speech"),
    "letterboxd": ("Letterboxd", "film"),
    "linkding": ("Linkding", "pin"),
    "listenbrainz": ("ListenBrainz", "note"),
    "lobsters": ("Lobsters", "speech"),
    "mastodon": ("Mastodon", "speech"),
    "medium": ("Medium", "pen"),
    "microblog": ("Micro.blog", "speech"),
    "mobilizon": ("Mobilizon", "calendar"),
    "openstreetmap": ("OpenStreetMap", "place"),
    "peertube": ("PeerTube", "play"),
    "pinboard": ("Pinboard", "pin"),
    "pixelfed": ("Pixelfed", "camera"),
    "podcast": ("Podcast", "mic"),
    "raindrop": ("Raindrop", "pin"),
    "reddit": ("Reddit", "speech"),
    "soundcloud": ("SoundCloud", "waves"),
    "stackexchange": ("Stack Exchange", "layers"),
    "stackoverflow": ("Stack Overflow", "layers"),
    "steam": ("Steam", "pad"),
    "substack": ("Substack", "pen"),
    "tumblr": ("Tumblr", "pen"),
    "vimeo": ("Vimeo", "play"),
    "wikipedia": ("Wikipedia", "book"),
    "wordpress": ("WordPress", "pen"),
    "youtube": ("YouTube", "play"),
}

# Names that say how a source was read, not where it lives: readers see its title.
GENERIC = frozenset({"", "atom", "blog", "feed", "hfeed", "jsonfeed", "rss", "web"})

# Places that a person names themself: the name says more than the software's.
NAMED = GENERIC | {
    "ghost",
    "medium",
    "microblog",
    "podcast",
    "substack",
    "tumblr",
    "wordpress",
}

_HOSTS = {
    "bsky.app": "bluesky",
    "codeberg.org": "codeberg",
    "flickr.com": "flickr",
    "github.com": "github",
    "gitlab.com": "gitlab",
    "goodreads.com": "goodreads",
    "last.fm": "lastfm",
    "letterboxd.com": "letterboxd",
    "listenbrainz.org": "listenbrainz",
    "medium.com": "medium",
    "news.ycombinator.com": "hackernews",
    "pinboard.in": "pinboard",
    "pixelfed.social": "pixelfed",
    "reddit.com": "reddit",
    "soundcloud.com": "soundcloud",
    "vimeo.com": "vimeo",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """How a service is shown.

    Attributes:
        service: Its name in queries.
        label: Its name for readers.
        sign: Name of the drawing; see `path`.
        css: Class that carries its colour.
    """

    service: str
    label: str
    sign: str
    css: str


def mark_of(service: str, item_type: str = "", label: str = "") -> Mark:
    """Return the mark of a service, of which nothing needs to be known beforehand.

    Args:
        service: Name as the aggregator found it.
        item_type: Decides the sign of a service without one of its own.
        label: What the owner calls the source; used when the service says nothing.
    """
    name, sign = _SERVICES.get(service, ("", ""))
    if service in GENERIC:
        name = label
        sign = "globe" if item_type in ("", "text") else ""
        if item_type == "text":
            sign = "pen"
    sign = sign or _BY_TYPE.get(item_type, "globe")
    if service in NAMED and label:
        name = label
    label = name or label or service.replace("-", " ").title() or "Web"
    return Mark(service or "web", label, sign, css_class(service or "web"))


def css_class(service: str) -> str:
    """Return the class of a service's colour; hostile names cannot leave the attribute."""
    return "s-" + re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-")


def path(sign: str) -> str:
    """Return the drawing of a sign as the data of an SVG path."""
    return _SIGNS.get(sign, _SIGNS["globe"])


def service_of_host(host: str) -> str:
    """Return the service that a host belongs to, or an empty string.

    Mastodon and its kin live on any host; their addresses are told by their form, not
    here.
    """
    host = host.lower().removeprefix("www.")
    return _HOSTS.get(host, "")
