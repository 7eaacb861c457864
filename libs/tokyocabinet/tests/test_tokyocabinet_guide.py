"""The guide is a session: run it."""

import doctest
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[3] / "docs" / "tokyocabinet.md"


@pytest.mark.skipif(not GUIDE.exists(), reason="outside the repository")
def test_the_guide_is_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(GUIDE), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert failed == 0
    assert tried > 40
