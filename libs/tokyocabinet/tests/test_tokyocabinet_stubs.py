"""The type stubs say of the compiled modules what is so."""

import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import tokyocabinet
from tokyocabinet import ADB, BDB, FDB, HDB, TDB, BDBCursor, TDBQuery

MEMBER = Path(__file__).parent.parent


@pytest.mark.skipif(
    not (MEMBER / "src").exists(), reason="the sources are not beside the tests"
)
def test_stubs_agree_with_the_modules():
    pytest.importorskip("mypy")
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy.stubtest", "tokyocabinet", "--concise",
            "--ignore-disjoint-bases",
            "--allowlist", str(MEMBER / "tests/stubtest-allowlist.txt"),
        ],
        cwd=MEMBER, env={**os.environ, "MYPYPATH": "src"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("kind", "signature"),
    [
        (HDB, "(path=None, omode=0, *, mutex=True, verify=True, parallel=False)"),
        (BDB, "(path=None, omode=0, *, mutex=True, verify=True)"),
        (FDB, "(path=None, omode=0, *, mutex=True, verify=True)"),
        (TDB, "(path=None, omode=0, *, mutex=True, verify=True)"),
        (ADB, "(name=None, *, mutex=True, verify=True)"),
        (BDBCursor, "(owner)"),
        (TDBQuery, "(owner)"),
    ],
)
def test_help_shows_how_each_class_is_made(kind, signature):
    assert str(inspect.signature(kind)) == signature
    assert str(inspect.signature(type("Own", (kind,), {}))) == signature
    text = pydoc.plain(pydoc.render_doc(kind))
    assert f"class {kind.__name__}{signature}".partition("(")[0] in text
    assert kind.__name__ + signature in text
    assert "--" not in inspect.getdoc(kind)


def test_help_shows_how_every_method_is_called():
    for kind in (HDB, BDB, FDB, TDB, ADB, BDBCursor, TDBQuery):
        for name, method in inspect.getmembers(kind, callable):
            if not name.startswith("_"):
                assert inspect.signature(method) is not None, (kind, name)
                assert method.__doc__, (kind, name)
    assert str(inspect.signature(HDB.put)) == "(self, key, value)"
    assert "put(self, key, value)" in pydoc.plain(pydoc.render_doc(HDB.put))
    assert str(inspect.signature(tokyocabinet.BDB.items)) == (
        "(self, start=None, stop=None, *, prefix=None, reverse=False)"
    )
