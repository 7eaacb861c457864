"""What the parts of Hunch agree on.

Sources and items, the keys under which they are kept, the query language of the
site's addresses, the configuration file, and the one client that speaks to the store.
The aggregator writes through it, the web service reads through it; neither imports
the other.

Read `item` first, then `key`, `query`, and `store`.
"""
