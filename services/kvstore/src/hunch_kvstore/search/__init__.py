"""Search over hashes: the FT.* commands and the index behind them.

    query text ─ lexer ▸ parser ─▶ node ─ plan ─▶ source over posting lists ─▶ collect ─▶ answer

The index lives in the engine's keyspace under ``b"x"`` and is written in the transaction
of the hash it describes. Documents are numbered so that ascending numbers are descending
values of the index's first SORTABLE NUMERIC field: "newest 30 of these tags" reads the
first chunk or two of each list and stops. Where to start reading: `document` (numbers),
`pending` (on the way), `posting` (lists), `source` and `combined` (how they combine),
`collect` (order and totals).

What costs what

* SORTBY that first field DESC: a chunk or two per word and a record per document shown.
  Its total is counted from document numbers alone, remembered until the index changes;
  WITHOUTCOUNT (or dialect 4) leaves it out. A range over that field is a seek.
  Each document shown is two records of 4 to 8 µs, wherever in the files they lie, as
  long as these are in the system's page cache. A list is read whole the first time, in
  3 µs for a thousand documents, and intersected with another in 3 to 6 µs for a thousand.
* Any other order, and no SORTBY (order by score), reads all matches.
* A phrase, and unspaced text of three characters and more, looks at the words of each
  document that holds all its words (about 4 µs each), also to count.
* After TIMEOUT (500 ms if not given) a query answers with what it has found by then.
* Writing: one record with the names of a document's lists, beside the hash's own; the
  lists themselves are in memory until some forty thousand documents have come, and are
  written then, a little with each of the next documents (`pending`). Opening the store
  reads those records again. FT.CREATE over existing hashes writes each list once, in one
  transaction held in memory.

Where we answer otherwise than RediSearch 2.10, on purpose

* Text is folded by Unicode (case, width, accents, points, digits; see `folding`), which
  RediSearch does for ASCII only;
  “ — 。 and their like separate words; emoji are words. Chinese, Japanese, Korean, Thai,
  Lao, Khmer and Myanmar text is found by any part of it. The end of a line separates
  words; RediSearch drops it, so that the last word of a line and the first of the next
  are one. When a new version folds otherwise, indexes are made anew at its first start.
* Stop words inside a phrase are skipped, as they are when the text is indexed; there they
  find nothing. Words of a phrase stand in one field; there a phrase may run on from one
  field into the next. A word twice in a phrase must be there twice.
* Every dialect is read as dialect 2, and ``a|b|@field:…``, which its grammar refuses
  because text came before a field, is taken for what it says.
* Stems are English or none: LANGUAGE with another language finds words as they are.
* Scores of composed queries may differ (see `score`); BM25 and other scorers, and
  EXPLAINSCORE, are not here. HIGHLIGHT and SUMMARIZE know all words that a prefix or a
  pattern stands for, RediSearch mostly the first.
* The order among equal sort values is that of the last change of any field of the hash.
* Figures of RediSearch's own memory in FT.INFO are 0; num_terms stops at 20,000.
* Not here: GEO, GEOSHAPE, VECTOR, JSON, PHONETIC, FILTER, TEMPORARY, synonyms, spelling,
  suggestions, cursors, FT.AGGREGATE, aliases. Each answers with an error that says so;
  queries for places and vectors are read as there and find nothing.
"""

from .catalog import Catalog

__all__ = ["Catalog"]
