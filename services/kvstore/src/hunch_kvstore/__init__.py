"""A store that speaks Redis's protocol, searches, and keeps its data on disk.

Layers, each knowing only those below it:

* `server`: sockets, clients, rounds. `cli` is the command line, `upkeep` what it does
  to the files of a store.
* `commands`: the table of commands and their handlers; `search` adds FT.*.
* `keyspace`: strings, hashes, sorted sets and expiry over ordered bytes.
* `engine`: the ordered map of bytes to bytes that loses nothing.
* `resp`: the wire format; knows none of the others.
"""
