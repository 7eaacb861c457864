"""The typed keyspace: strings, hashes and sorted sets over ordered bytes.

Records (the engine holds one ordered map of bytes to bytes):

===================================  ==========================  =====================
key                                  value                       what
===================================  ==========================  =====================
``m`` key                            metadata record             one per user key
``s`` version field                  value                       field of a wide hash
``s`` version member                 score, 8 bytes              member of a sorted set
``z`` version sortable-score member  empty, or one byte for -0   the same, by score
``!e`` milliseconds key              empty                       due dates of expiry
``!v``                               version                     versions handed out
===================================  ==========================  =====================

A metadata record is one byte of type and flags, eight bytes of expiry (milliseconds
since 1970) if the flag says so, then by type: a string's bytes; a small hash packed
whole; or eight bytes of version and eight of size. All numbers are big-endian, so bytes
sort as numbers do.

A version is never used twice, so it alone names the sub-keys of one incarnation of a
key: deleting or overwriting a key of a million members is one small write (the metadata
goes, and its versions' ranges with it), and renaming one writes the metadata under the
new name. Small hashes live in the metadata record: HGETALL is one read, HSET one write.
"""
