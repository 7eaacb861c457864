"""What holds the sources, their types, their reference page and their bounds together."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fcgi_support import HERE

from fcgi import codec

MEMBER = HERE.parent


def run(*command, cwd=MEMBER, **environ):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, **environ},
    )  # fmt: skip


@pytest.mark.skipif(not codec.COMPILED, reason="the compiled modules were not built")
def test_stubs_tell_the_truth_about_compiled_modules(folder):
    pytest.importorskip("mypy")
    (folder / "mypy.ini").write_text("[mypy]\n")
    done = run(
        "-m", "mypy.stubtest", "fcgi._speed", "fcgi._quick", "--concise",
        "--mypy-config-file", folder / "mypy.ini",
        "--allowlist", MEMBER / "tests/stubtest-allowlist.txt",
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_reference_page_is_up_to_date():
    assert run("api_page.py", "--check").returncode == 0, "run api_page.py"


def test_fuzz():
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed")
    seconds = os.environ.get("FCGI_FUZZ_SECONDS", "3")
    target = Path("tests/fuzz/fuzz_fcgi.py")
    done = run(target, FCGI_FUZZ_SECONDS=seconds)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "DONE" in done.stderr
