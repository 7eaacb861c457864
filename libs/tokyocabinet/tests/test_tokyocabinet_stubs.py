"""The type stubs say of the compiled modules what is so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
