"""Fetches what a person publishes elsewhere and keeps it as one stream.

Read `pipeline` first: it is the way of one source, step by step. The steps live in
`fetch` (bytes, politely and safely), `parse` (entries, in a child process), `decide`
(intents, pure), `media` (copies of pictures) and `schedule` (when again, pure);
`scheduler` runs them, and `cli` is the `hunch` command.
"""

__version__ = "0.1.0"
