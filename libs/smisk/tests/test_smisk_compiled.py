"""What is compiled is what stands in the files, and the files run as they are."""

import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import smisk.core.life

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src"
NOTE = HERE.parent / "build/compiled.json"
IS_COMPILED = not smisk.core.life.__file__.endswith(".py")


@pytest.mark.skipif(not IS_COMPILED, reason="nothing is compiled here")
def test_no_module_was_edited_since_it_was_compiled():
    if Path(smisk.core.life.__file__).parents[2] != SOURCE or not NOTE.exists():
        pytest.skip("installed from elsewhere")
    noted = json.loads(NOTE.read_text())
    found = {
        path.relative_to(SOURCE).as_posix(): sha256(path.read_bytes()).hexdigest()
        for typed in SOURCE.rglob("*.pxd")
        for path in (typed.with_suffix(".py"), typed)
    }
    assert found == noted, "compile anew: make install"


@pytest.mark.skipif(not IS_COMPILED, reason="all tests run without it already")
@pytest.mark.timeout(300)
def test_all_of_it_without_the_compiled_modules(tmp_path):
    plain = tmp_path / "plain"
    shutil.copytree(SOURCE, plain, ignore=shutil.ignore_patterns("*.so", "*.pxd"))
    code = "import smisk.mvc, smisk.core.life as l; print(l.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(plain)}
    line = [sys.executable, "-c", code]
    where = subprocess.check_output(line, env=environment, text=True)
    assert where.strip() == str(plain / "smisk/core/life.py")
    tests = [
        HERE / f"test_smisk_{name}.py"
        for name in ("core", "routing", "negotiation", "answer", "hostile", "session")
    ]
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *tests]
    done = subprocess.run(
        line, env=environment, cwd=HERE.parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
