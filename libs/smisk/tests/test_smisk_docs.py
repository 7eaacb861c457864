"""The tutorial is run as it stands, and the documents point at what exists."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = [
    ROOT / "docs" / "smisk.md",
    ROOT / "docs" / "smisk-tutorial.md",
    ROOT / "docs" / "smisk-changes.md",
    ROOT / "docs" / "examples" / "README.md",
    ROOT / "libs" / "smisk" / "README.md",
]


def test_tutorial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = (ROOT / "docs" / "smisk-tutorial.md").read_text()
    names = {}
    runner = doctest.DocTestRunner()
    parser = doctest.DocTestParser()
    checked = 0
    for kind, block in re.findall(r"```(python|jinja)\n(.*?)```", text, re.DOTALL):
        if kind == "python" and block.startswith(">>>"):
            test = parser.get_doctest(block, names, "tutorial", None, 0)
            test.globs = names
            failed, tried = runner.run(test, clear_globs=False)
            assert not failed, block
            checked += tried
        else:
            name = re.match(r"(?:#|\{#) (\S+)", block)[1]
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(block)
    assert checked > 20


def test_guide():
    tried = doctest.testfile(str(DOCS[0]), module_relative=False)
    assert not tried.failed
    assert tried.attempted > 12


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_example_is_listed():
    listed = re.findall(r"^\| \[([\w-]+)\]", DOCS[3].read_text(), re.MULTILINE)
    folders = [p.parent.name for p in (ROOT / "docs" / "examples").glob("*/app.py")]
    assert sorted(listed) == sorted(folders)
