#!/bin/sh
# Run the short tests under valgrind's memcheck; fails on an invalid read or write.
# PYTHONMALLOC=malloc lets it see every allocation. Takes some minutes.
set -eu
cd "$(dirname "$0")/.."
PYTHONMALLOC=malloc exec valgrind --quiet --error-exitcode=9 --leak-check=no \
    --undef-value-errors=no --trace-children=no --suppressions=tests/valgrind.supp \
    "${PYTHON:-python}" -m pytest -q -p no:cacheprovider -x \
    tests/test_tokyocabinet_keyed.py tests/test_tokyocabinet_faults.py \
    tests/test_tokyocabinet_peek.py tests/test_tokyocabinet_complete.py \
    tests/test_tokyocabinet_uncached.py tests/test_tokyocabinet_dialect.py \
    tests/test_tokyocabinet_in_use.py tests/test_tokyocabinet_fixed.py -k "not gil" \
    -o timeout=1800 "$@"
