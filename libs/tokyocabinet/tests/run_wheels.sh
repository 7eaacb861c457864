#!/bin/sh
# Build an sdist, from that a wheel for each CPython 3.11, 3.12 and 3.13 that is installed
# here, and run the tests against the installed wheel, outside the repository.
#
#   tests/run_wheels.sh [PYTHON...]      without arguments: those on the path and pyenv's
set -eu
member=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -eq 0 ]; then
    for version in 3.11 3.12 3.13; do
        for python in "$HOME"/.pyenv/versions/$version.*/bin/python "$(command -v python$version || true)"; do
            if [ -x "$python" ] && "$python" -c 'import sys' 2>/dev/null; then
                set -- "$@" "$python"
                break
            fi
        done
    done
fi
[ $# -gt 0 ] || { echo "no CPython 3.11, 3.12 or 3.13 found" >&2; exit 1; }
failed=0
for python; do
    name=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    here="$work/$name"
    "$python" -m venv "$here/venv"
    pip="$here/venv/bin/python -m pip --quiet --disable-pip-version-check"
    $pip install 'setuptools>=80' 'cython>=3.1' build pytest hypothesis pytest-timeout
    mkdir "$here/source" "$here/run"
    (cd "$member" && tar cf - --exclude='*.so' --exclude='_*.c' --exclude=build --exclude='*.egg-info' \
        --exclude=__pycache__ --exclude='.*_cache' .) | tar xf - -C "$here/source"
    "$here/venv/bin/python" -m build --no-isolation --sdist --outdir "$here/dist" "$here/source" >"$here/log" 2>&1 ||
        { tail -20 "$here/log"; exit 1; }
    $pip wheel --no-build-isolation --no-deps --wheel-dir "$here/dist" "$here"/dist/*.tar.gz
    $pip install --no-deps "$here"/dist/*.whl
    cp "$member"/tests/*.py "$here/run"
    if (cd "$here/run" && "$here/venv/bin/python" -m pytest -q -p no:cacheprovider -m 'not slow' \
        -W 'ignore::pytest.PytestUnknownMarkWarning' .); then
        echo "$name: passed"
    else
        echo "$name: FAILED"
        failed=1
    fi
done
exit $failed
