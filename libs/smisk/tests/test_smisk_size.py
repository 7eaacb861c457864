"""How much there is of it: small is a promise as well."""

import ast
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
START = """
import sys
from smisk.mvc import Application, Controller

class Root(Controller):
    def __call__(self):
        return {}

class Site(Application):
    root = Root

Site().start()
print(*(name for name in sys.modules if name.partition(".")[0] == "smisk"))
foreign = {"jinja2", "sqlalchemy", "yaml", "msgpack"} & set(sys.modules)
assert not foreign, foreign
"""


def file_of(module):
    path = SOURCE / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def lines_of_code(path):
    text = path.read_text()
    lines = text.splitlines()
    said = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                said.update(range(first.lineno - 1, first.end_lineno))
    return sum(
        n not in said and bool(line.strip()) and not line.strip().startswith("#")
        for n, line in enumerate(lines)
    )


def test_what_an_application_without_extras_loads_is_under_6000_lines():
    line = [sys.executable, "-c", START]
    names = subprocess.check_output(line, text=True).split()
    assert {"smisk.core.life", "smisk.mvc.router", "smisk.serialization.feed"} <= {
        *names
    }
    total = sum(len(file_of(name).read_text().splitlines()) for name in names)
    assert total < 6000


def test_all_of_it_is_little_code():
    files = list(SOURCE.rglob("*.py"))
    assert sum(map(lines_of_code, files)) < 5100
    sizes = [len(file.read_text().splitlines()) for file in files]
    assert sum(sizes) < 7500
    assert max(sizes) < 300
