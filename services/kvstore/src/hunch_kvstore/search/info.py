"""FT.INFO: what an index is and what it holds."""

from __future__ import annotations

from math import nan

from hunch_kvstore.resp.reply import Reply

from .counter import Counter
from .index import Failure, Index
from .posting import Reader
from .schema import Field, FieldType

_Pairs = list[tuple[bytes, Reply]]


def info(reader: Reader, index: Index, protocol: int) -> Reply:
    """Return FT.INFO's reply; figures of RediSearch's own memory are 0 here."""
    schema, counter = index.schema, Counter.load(reader, index.base)
    documents, postings = counter.documents, counter.postings
    definition: _Pairs = [
        (b"key_type", b"HASH"),
        (b"prefixes", list(schema.raw_prefixes)),
    ]
    if schema.language:
        definition.append((b"default_language", schema.language.encode()))
    definition.append((b"default_score", _number(schema.score, protocol)))
    pairs: _Pairs = [
        (b"index_name", schema.name.encode("utf-8", "surrogateescape")),
        (b"index_options", [option.encode() for option in schema.options]),
        (b"index_definition", _map(definition)),
        (b"attributes", [_attribute(field, protocol) for field in schema.fields]),
        (b"num_docs", documents),
        (b"max_doc_id", counter.arrivals),
        (b"num_terms", counter.terms),
        (b"num_records", postings),
    ]
    for name in _SIZES[:2]:
        pairs.append((name, _number(0.0, protocol)))
    pairs.append((b"total_inverted_index_blocks", 0))
    pairs += [(name, _number(0.0, protocol)) for name in _SIZES[2:]]
    each = postings / documents if documents else 0.0
    pairs.append((b"records_per_doc_avg", _number(each, protocol)))
    pairs += [(name, _number(nan, protocol)) for name in _AVERAGES]
    pairs += [
        (b"hash_indexing_failures", counter.failures),
        (b"total_indexing_time", _number(0.0, protocol)),
        (b"indexing", 0),
        (b"percent_indexed", _number(1.0, protocol)),
        (b"number_of_uses", index.uses),
        (b"cleaning", 0),
        (b"gc_stats", _map([(name, _number(0.0, protocol)) for name in _GC])),
        (b"cursor_stats", _map([(n, 128 * (n == b"index_capacity")) for n in _CURSOR])),
    ]
    if schema.stop_words is not None:
        words = [w.encode("utf-8", "surrogateescape") for w in schema.stop_words]
        pairs.append((b"stopwords_list", list(words)))
    pairs += [
        (
            b"dialect_stats",
            _map([(b"dialect_%d" % n, int(n == 2)) for n in (1, 2, 3, 4)]),
        ),
        (b"Index Errors", _failure(index, "")),
        (b"field statistics", [_statistics(index, field) for field in schema.fields]),
    ]
    return _map(pairs)


_SIZES = (
    b"inverted_sz_mb",
    b"vector_index_sz_mb",
    b"offset_vectors_sz_mb",
    b"doc_table_size_mb",
    b"sortable_values_size_mb",
    b"key_table_size_mb",
    b"tag_overhead_sz_mb",
    b"text_overhead_sz_mb",
    b"total_index_memory_sz_mb",
    b"geoshapes_sz_mb",
)
_AVERAGES = (
    b"bytes_per_record_avg",
    b"offsets_per_term_avg",
    b"offset_bits_per_record_avg",
)
_GC = (
    b"bytes_collected",
    b"total_ms_run",
    b"total_cycles",
    b"average_cycle_time_ms",
    b"last_run_time_ms",
    b"gc_numeric_trees_missed",
    b"gc_blocks_denied",
)
_CURSOR = (b"global_idle", b"global_total", b"index_capacity", b"index_total")


def _map(pairs: _Pairs) -> Reply:
    return dict(pairs)


def _number(value: float, protocol: int) -> Reply:
    if protocol >= 3:
        return value
    return b"%.17g" % value


def _attribute(field: Field, protocol: int) -> Reply:
    pairs: _Pairs = [
        (b"identifier", field.key),
        (b"attribute", field.name.encode("utf-8", "surrogateescape")),
        (b"type", field.type.value.encode()),
    ]
    flags: list[bytes] = []
    if field.type is FieldType.TEXT:
        pairs.append((b"WEIGHT", _number(field.weight, protocol)))
    if field.type is FieldType.TAG:
        pairs.append((b"SEPARATOR", field.separator.encode("utf-8", "surrogateescape")))
        if field.is_case_sensitive:
            flags.append(b"CASESENSITIVE")
    if field.is_sortable:
        flags.append(b"SORTABLE")
    if field.is_unnormalised:
        flags.append(b"UNF")
    if not field.stems and field.type is FieldType.TEXT:
        flags.append(b"NOSTEM")
    if not field.is_indexed:
        flags.append(b"NOINDEX")
    if field.suffixes:
        flags.append(b"WITHSUFFIXTRIE")
    if protocol >= 3:
        return dict([*pairs, (b"flags", list(flags))])
    return [part for pair in pairs for part in pair] + list(flags)


def _failure(index: Index, name: str) -> Reply:
    failure = index.failures.get(name, Failure())
    return _map(
        [
            (b"indexing failures", failure.count),
            (b"last indexing error", failure.message.encode("utf-8", "replace")),
            (b"last indexing error key", failure.key),
        ]
    )


def _statistics(index: Index, field: Field) -> Reply:
    return _map(
        [
            (b"identifier", field.key),
            (b"attribute", field.name.encode("utf-8", "surrogateescape")),
            (b"Index Errors", _failure(index, field.name)),
        ]
    )
