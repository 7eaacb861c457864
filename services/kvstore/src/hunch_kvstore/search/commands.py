"""The FT.* commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Final

from hunch_kvstore.commands.context import Context
from hunch_kvstore.commands.table import command
from hunch_kvstore.keyspace.encoding import HASH, KIND, body_at
from hunch_kvstore.resp.reply import OK, CommandError, Members, Reply, Simple

from . import definition, request
from .answer import reply
from .catalog import Catalog
from .error import SearchError
from .explain import explain
from .index import Fields, Index
from .info import info
from .refill import covered
from .run import Packed, parse, run
from .schema import FieldType
from .term import terms
from .words import Words

_GROUP = "search"
_Handler = Callable[[Context, Sequence[bytes]], Reply]


def _refusing(handler: _Handler) -> _Handler:
    """Turn a SearchError into an error reply."""

    @wraps(handler)
    def call(ctx: Context, args: Sequence[bytes]) -> Reply:
        try:
            return handler(ctx, args)
        except SearchError as error:
            text = str(error).encode("utf-8", "surrogateescape")
            raise CommandError(text) from None

    return call


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _catalog(ctx: Context) -> Catalog:
    catalog = ctx.server.catalog
    assert isinstance(catalog, Catalog)
    return catalog


def _index(ctx: Context, name: bytes, error: str) -> Index:
    index = _catalog(ctx).get(_text(name))
    if index is None:
        raise SearchError(error)
    return index


@command(
    "FT.CREATE",
    arity=-5,
    flags="write denyoom",
    group=_GROUP,
    since="1.0.0",
    summary="Creates an index with the given spec.",
    complexity="O(N) with the number of hashes the prefixes cover",
    arguments="index [ON HASH] [PREFIX count prefix ...] [LANGUAGE language] "
    "[SCORE score] [STOPWORDS count word ...] [SKIPINITIALSCAN] SCHEMA field "
    "[AS name] TEXT|TAG|NUMERIC [options] ...",
)
@_refusing
def create(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Create an index and fill it with the hashes that are there."""
    catalog = _catalog(ctx)
    if catalog.get(_text(args[0])) is not None:
        raise SearchError("Index already exists")
    schema, is_filled = definition.create(args, catalog.next_number(ctx.tx))
    catalog.put(ctx.tx, schema, covered(ctx.keys, schema) if is_filled else ())
    return OK


@command(
    "FT.ALTER",
    arity=-5,
    flags="write denyoom",
    group=_GROUP,
    since="1.0.0",
    summary="Adds new fields to an index.",
    complexity="O(N) with the number of documents in the index",
    arguments="index [SKIPINITIALSCAN] SCHEMA ADD field TEXT|TAG|NUMERIC [options] ...",
)
@_refusing
def alter(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Add fields; the documents are indexed again."""
    index = _index(ctx, args[0], "Unknown index name")
    words = Words(args, 1)
    words.accept("SKIPINITIALSCAN")
    if not words.accept("SCHEMA"):
        raise SearchError("ALTER must be followed by SCHEMA")
    if not words.accept("ADD"):
        raise SearchError("Unknown action passed to ALTER SCHEMA")
    added = definition.fields(words, index.schema)
    if not added:
        raise SearchError("No fields provided")
    schema = index.schema.with_fields(added)
    _catalog(ctx).put(ctx.tx, schema, covered(ctx.keys, schema))
    return OK


@command(
    "FT.DROPINDEX",
    arity=-2,
    flags="write",
    group=_GROUP,
    since="2.0.0",
    summary="Deletes an index.",
    complexity="O(1), or O(N) with the number of documents if DD is given",
    arguments="index [DD]",
)
@_refusing
def drop(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Drop an index, with DD also its documents."""
    if len(args) > 2:
        raise CommandError("ERR wrong number of arguments for 'FT.DROPINDEX' command")
    index = _index(ctx, args[0], "Unknown Index name")
    keys: list[bytes] = []
    if len(args) == 2 and args[1].upper() == b"DD":
        keys = index.keys(ctx.tx)
    _catalog(ctx).drop(ctx.tx, index.schema.name)
    for key in keys:
        ctx.keys.delete(key)
    return OK


@command(
    "FT._LIST",
    arity=1,
    flags="readonly",
    group=_GROUP,
    since="2.0.0",
    summary="Returns a list of all existing indexes.",
)
def list_all(ctx: Context, args: Sequence[bytes]) -> Reply:  # noqa: ARG001
    """List the indexes."""
    names = _catalog(ctx).names()
    found = [Simple(name.encode("utf-8", "surrogateescape")) for name in names]
    return set(found) if ctx.client.resp >= 3 else list(found)


@command(
    "FT.INFO",
    arity=2,
    flags="readonly",
    group=_GROUP,
    since="1.0.0",
    summary="Returns information and statistics on the index.",
)
@_refusing
def show(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Describe an index."""
    index = _index(ctx, args[0], "Unknown index name")
    index.uses += 1
    return info(ctx.tx, index, ctx.client.resp)


@command(
    "FT.SEARCH",
    arity=-2,
    flags="readonly",
    group=_GROUP,
    since="1.0.0",
    summary="Searches the index with a textual query, returning either documents or ids.",
    complexity="SORTBY the first SORTABLE NUMERIC field DESC: O(documents shown) chunks "
    "per word; otherwise O(N) with the number of matches",
    arguments="index query [NOCONTENT] [VERBATIM] [WITHSCORES] [WITHSORTKEYS] "
    "[FILTER field low high ...] [INKEYS count key ...] [INFIELDS count field ...] "
    "[RETURN count field [AS name] ...] [SUMMARIZE ...] [HIGHLIGHT ...] [SLOP slop] "
    "[INORDER] [SORTBY field [ASC|DESC]] [WITHCOUNT|WITHOUTCOUNT] [LIMIT offset num] "
    "[PARAMS count name value ...] [DIALECT dialect]",
)
@_refusing
def search(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Search."""
    wanted = request.read(args)
    catalog = _catalog(ctx)

    def fetch(
        keys: list[bytes], names: Sequence[bytes] | None
    ) -> list[Fields | Packed | None]:
        records: list[bytes | None] = [None] * len(keys)
        if names is None and not wanted.marks:
            records = ctx.keys.records(keys)
        return [
            Packed(record, body_at(record))
            if record is not None and record[0] & KIND == HASH
            else fields_of(key, names)
            for key, record in zip(keys, records, strict=True)
        ]

    def fields_of(key: bytes, names: Sequence[bytes] | None) -> Fields | None:
        found = ctx.keys.hash(key)
        if not found.size:
            return None
        if names is None:
            return dict(found.items())
        values = zip(names, found.get_many(names), strict=True)
        return {name: value for name, value in values if value is not None}

    answer = run(ctx.tx, catalog, wanted, fetch)
    index = catalog.get(wanted.index)
    assert index is not None
    return reply(answer, wanted, index.schema, ctx.client.resp)


@command(
    "FT.EXPLAIN",
    arity=-3,
    flags="readonly",
    group=_GROUP,
    since="1.0.0",
    summary="Returns the execution plan for a complex query.",
    arguments="index query [VERBATIM] [PARAMS count name value ...] [DIALECT dialect]",
)
@_refusing
def explain_(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Show how a query is understood."""
    return _explained(ctx, args).encode("utf-8", "surrogateescape")


@command(
    "FT.EXPLAINCLI",
    arity=-3,
    flags="readonly",
    group=_GROUP,
    since="1.0.0",
    summary="Returns the execution plan for a complex query, a line per element.",
    arguments="index query [VERBATIM] [PARAMS count name value ...] [DIALECT dialect]",
)
@_refusing
def explain_lines(ctx: Context, args: Sequence[bytes]) -> Reply:
    """Show how a query is understood, line by line."""
    lines = _explained(ctx, args).split("\n")
    return [Simple(line.encode("utf-8", "surrogateescape")) for line in lines]


def _explained(ctx: Context, args: Sequence[bytes]) -> str:
    wanted = request.read(args)
    index = _index(ctx, args[0], f"{wanted.index}: no such index")
    node = parse(
        index.schema,
        wanted.query,
        wanted.parameters,
        verbatim=not wanted.has_stems(index.schema),
    )
    return explain(node, index.schema)


@command(
    "FT.TAGVALS",
    arity=3,
    flags="readonly",
    group=_GROUP,
    since="1.0.0",
    summary="Returns the distinct tags indexed in a TAG field.",
    complexity="O(N) with the number of distinct tags",
    arguments="index field",
)
@_refusing
def tag_values(ctx: Context, args: Sequence[bytes]) -> Reply:
    """List the tags of a field."""
    index = _index(ctx, args[0], "Unknown Index name")
    field = index.schema.by_name.get(_text(args[1]))
    if field is None:
        raise SearchError("No such field")
    if field.type is not FieldType.TAG:
        raise SearchError("Not a tag field")
    found = sorted(terms(ctx.tx, index, field.number), key=_signed)
    return Members(found) if ctx.client.resp >= 3 else list[Reply](found)


# WHY: RediSearch compares signed bytes, so that é comes before a.
_SIGNED: Final = bytes(byte ^ 0x80 for byte in range(256))


def _signed(tag: bytes) -> bytes:
    return tag.translate(_SIGNED)
