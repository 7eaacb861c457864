"""The guide is a session and the README holds a program: run them."""

import doctest
import re
from pathlib import Path

import pytest

from tokyocabinet import BDB

MEMBER = Path(__file__).parents[1]
GUIDE = Path(__file__).parents[3] / "docs" / "tokyocabinet.md"


@pytest.mark.skipif(not GUIDE.exists(), reason="outside the repository")
def test_the_guide_is_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(GUIDE), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert failed == 0
    assert tried > 40


@pytest.mark.skipif(not GUIDE.exists(), reason="outside the repository")
def test_the_program_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (MEMBER / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall("```python\n(.*?)```", text, re.DOTALL)
    exec(program, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"b'item:{n:04}' b'...'" for n in range(994, 989, -1)]
    with BDB("stream.tcb", "r") as db:
        assert len(db) == 999
