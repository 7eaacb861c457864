"""The names under which a site's data stands in the store."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one site.

    All of them share the hash tag `{site}`, so that a site lives on one shard of a
    cluster and every commit can be one MULTI.
    """

    site: str

    @property
    def tag(self) -> str:
        """The hash tag, braces included."""
        return "{" + self.site + "}"

    @property
    def index(self) -> str:
        """The search index over all items."""
        return f"{self.tag}:items"

    @property
    def item_prefix(self) -> str:
        """What every item's key begins with."""
        return f"{self.tag}:item:"

    def item(self, item_id: str) -> str:
        """Hash: one item; indexed fields, `json` and `fingerprint`."""
        return f"{self.tag}:item:{item_id}"

    def source(self, slug: str) -> str:
        """Hash: what is known of one source."""
        return f"{self.tag}:source:{slug}"

    @property
    def sources(self) -> str:
        """Sorted set: slugs of configured sources in the order of the config."""
        return f"{self.tag}:sources"

    @property
    def due(self) -> str:
        """Sorted set: slug by the time (epoch seconds) when it is due."""
        return f"{self.tag}:due"

    @property
    def version(self) -> str:
        """Counter: bumped by every change of the visible stream."""
        return f"{self.tag}:version"

    @property
    def days(self) -> str:
        """Hash: ISO day -> number of visible items of that day (UTC)."""
        return f"{self.tag}:days"

    @property
    def facets(self) -> str:
        """Hash: `kind:value` -> number of visible items with it."""
        return f"{self.tag}:facets"

    def alias(self, address: str) -> str:
        """String: id of the item that stands for this cross-posted address."""
        return f"{self.tag}:alias:{address}"

    @property
    def photo(self) -> str:
        """String: our copy of the author's photo, relative to the media folder."""
        return f"{self.tag}:photo"

    @property
    def heartbeat(self) -> str:
        """String with expiry: epoch seconds of the aggregator's last round."""
        return f"{self.tag}:heartbeat"

    def websub(self, token: str) -> str:
        """Hash: one WebSub subscription (`source`, `topic`, `secret`, `expires`)."""
        return f"{self.tag}:websub:{token}"

    @property
    def changed(self) -> str:
        """Pub/sub channel: version after each commit that changed the stream."""
        return f"{self.tag}:changed"

    @property
    def wake(self) -> str:
        """Pub/sub channel: slug of a source that became due outside its turn."""
        return f"{self.tag}:wake"
