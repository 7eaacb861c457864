"""FT.INFO: what an index is and what it holds."""

from __future__ import annotations

from itertools import islice
from math import nan
from typing import Final

from hunch_kvstore.resp.reply import Reply, Simple

from .counter import Counter
from .index import Failure, Index
from .posting import Reader
from .schema import Field, FieldType
from .term import terms

MAX_COUNTED: Final = 20_000
_Pairs = list[tuple[bytes, Reply]]


def info(reader: Reader, index: Index, protocol: int) -> Reply:
    """Return FT.INFO's reply; figures of RediSearch's own memory are 0 here."""
    schema, counter = index.schema, Counter.load(reader, index.base)
    documents, postings = counter.documents, counter.postings
    definition: _Pairs = [
        (Simple("key_type"), Simple("HASH")),
        (Simple("prefixes"), [Simple(prefix) for prefix in schema.raw_prefixes]),
    ]
    if schema.language not in ("", "english"):
        definition.append((Simple("default_language"), Simple(schema.language)))
    definition.append((Simple("default_score"), _number(schema.score, protocol)))
    pairs: _Pairs = [
        (Simple("index_name"), Simple(schema.name.encode("utf-8", "surrogateescape"))),
        (Simple("index_options"), [Simple(option) for option in schema.options]),
        (Simple("index_definition"), _map(definition)),
        (
            Simple("attributes"),
            [_attribute(field, protocol) for field in schema.fields],
        ),
        (Simple("num_docs"), documents),
        (Simple("max_doc_id"), counter.arrivals),
        (Simple("num_terms"), count_terms(reader, index)),
        (Simple("num_records"), postings),
    ]
    for name in _SIZES[:2]:
        pairs.append((name, _number(0.0, protocol)))
    pairs.append((Simple("total_inverted_index_blocks"), 0))
    pairs += [(name, _number(0.0, protocol)) for name in _SIZES[2:]]
    each = postings / documents if documents else nan
    pairs.append((Simple("records_per_doc_avg"), _number(each, protocol)))
    pairs += [(name, _number(nan, protocol)) for name in _AVERAGES]
    pairs += [
        (Simple("hash_indexing_failures"), counter.failures),
        (Simple("total_indexing_time"), _number(0.0, protocol)),
        (Simple("indexing"), 0),
        (Simple("percent_indexed"), _number(1.0, protocol)),
        (Simple("number_of_uses"), index.uses),
        (Simple("cleaning"), 0),
        (Simple("gc_stats"), _map([(name, _number(0.0, protocol)) for name in _GC])),
        (
            Simple("cursor_stats"),
            _map([(n, 128 * (n == b"index_capacity")) for n in _CURSOR]),
        ),
    ]
    if schema.stop_words is not None:
        words = [
            Simple(w.encode("utf-8", "surrogateescape")) for w in schema.stop_words
        ]
        pairs.append((Simple("stopwords_list"), list(words)))
    pairs += [
        (
            Simple("dialect_stats"),
            _map([(Simple(f"dialect_{n}"), int(n == 2)) for n in (1, 2, 3, 4)]),
        ),
        (Simple("Index Errors"), _failure(index, "")),
        (
            Simple("field statistics"),
            [_statistics(index, field) for field in schema.fields],
        ),
    ]
    return _map(pairs)


def count_terms(reader: Reader, index: Index) -> int:
    """Return how many terms an index has.

    LIMIT: it goes from one to the next, and stops at `MAX_COUNTED`: one thread serves
    all clients.
    """
    fields = [*index.schema.tags, *index.schema.texts]
    found = (1 for item in fields for _ in terms(reader, index, item.number))
    return sum(islice(found, MAX_COUNTED))


_SIZES = (
    Simple("inverted_sz_mb"),
    Simple("vector_index_sz_mb"),
    Simple("offset_vectors_sz_mb"),
    Simple("doc_table_size_mb"),
    Simple("sortable_values_size_mb"),
    Simple("key_table_size_mb"),
    Simple("tag_overhead_sz_mb"),
    Simple("text_overhead_sz_mb"),
    Simple("total_index_memory_sz_mb"),
    Simple("geoshapes_sz_mb"),
)
_AVERAGES = (
    Simple("bytes_per_record_avg"),
    Simple("offsets_per_term_avg"),
    Simple("offset_bits_per_record_avg"),
)
_GC = (
    Simple("bytes_collected"),
    Simple("total_ms_run"),
    Simple("total_cycles"),
    Simple("average_cycle_time_ms"),
    Simple("last_run_time_ms"),
    Simple("gc_numeric_trees_missed"),
    Simple("gc_blocks_denied"),
)
_CURSOR = (
    Simple("global_idle"),
    Simple("global_total"),
    Simple("index_capacity"),
    Simple("index_total"),
)


def _map(pairs: _Pairs) -> Reply:
    return dict(pairs)


def _number(value: float, protocol: int) -> Reply:
    if protocol >= 3:
        return value
    return b"%.17g" % value


def _attribute(field: Field, protocol: int) -> Reply:
    pairs: _Pairs = [
        (Simple("identifier"), Simple(field.key)),
        (Simple("attribute"), Simple(field.name.encode("utf-8", "surrogateescape"))),
        (Simple("type"), Simple(field.type.value)),
    ]
    flags: list[bytes] = []
    if field.type is FieldType.TEXT:
        pairs.append((Simple("WEIGHT"), _number(field.weight, protocol)))
    if field.type is FieldType.TAG:
        pairs.append(
            (
                Simple("SEPARATOR"),
                Simple(field.separator.encode("utf-8", "surrogateescape")),
            )
        )
        if field.is_case_sensitive:
            flags.append(Simple("CASESENSITIVE"))
    if field.is_sortable:
        flags.append(Simple("SORTABLE"))
    if field.is_unnormalised:
        flags.append(Simple("UNF"))
    if not field.stems and field.type is FieldType.TEXT:
        flags.append(Simple("NOSTEM"))
    if not field.is_indexed:
        flags.append(Simple("NOINDEX"))
    if field.suffixes:
        flags.append(Simple("WITHSUFFIXTRIE"))
    if protocol >= 3:
        return dict([*pairs, (Simple("flags"), list(flags))])
    return [part for pair in pairs for part in pair] + list(flags)


def _failure(index: Index, name: str) -> Reply:
    failure = index.failures.get(name, Failure())
    return _map(
        [
            (Simple("indexing failures"), failure.count),
            (
                Simple("last indexing error"),
                Simple(failure.message.encode("utf-8", "replace")),
            ),
            (Simple("last indexing error key"), failure.key),
        ]
    )


def _statistics(index: Index, field: Field) -> Reply:
    return _map(
        [
            (Simple("identifier"), Simple(field.key)),
            (
                Simple("attribute"),
                Simple(field.name.encode("utf-8", "surrogateescape")),
            ),
            (Simple("Index Errors"), _failure(index, field.name)),
        ]
    )
