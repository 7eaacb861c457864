"""Coverage-guided fuzzing of every parser, for a moment; for longer by hand."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = Path(__file__).parent / "fuzz" / "fuzz_kvstore.py"


def test_no_bytes_break_a_parser(tmp_path):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris has no wheel for this machine")
    seconds = os.environ.get("KVSTORE_FUZZ_SECONDS", "8")
    done = subprocess.run(
        [sys.executable, TARGET, f"-artifact_prefix={tmp_path}/"],
        env=os.environ | {"KVSTORE_FUZZ_SECONDS": seconds, "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr
