"""Write the API reference, docs/fcgi-api.md, from the docstrings of the sources.

    python libs/fcgi/api_page.py [--check]

With --check nothing is written, and the exit code says whether the page is up to date.
The sources are parsed, not imported, so the page is the same wherever it is made.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE / "src/fcgi"
PAGE = HERE.parents[1] / "docs/fcgi-api.md"

PARTS = {
    "Serving": ["server", "settings", "limits", "address", "models/__init__", "worker"],
    "Help for applications": ["sendfile"],
    "py-fcgi's interface": ["classic"],
    "The client": ["client", "load"],
    "The protocol": [
        "connection",
        "server_connection",
        "client_connection",
        "events",
        "state",
        "records",
        "codec",
        "_pure",
        "headers",
    ],
    "Errors": ["errors"],
}
HEAD = """# fcgi: the API

Made from the docstrings by `python libs/fcgi/api_page.py`; do not edit. The guide is
[fcgi.md](fcgi.md). `import fcgi` gives `serve`, `Request`, `Stream`, `bind`, `shutdown`
and the errors; everything else is imported from its module.
"""
SECTION = re.compile(r"(Args|Returns|Raises|Attributes):$")
# Read as a name on its own, followed by what it is.
ITEM = re.compile(r"    ([\w.*]+): (.*)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def prose(text: str) -> Iterator[str]:
    """Yield a docstring as lines of Markdown."""
    section = ""
    for line in text.splitlines():
        found = SECTION.match(line)
        item = ITEM.match(line) if section else None
        if found:
            section = found[1]
            yield f"*{section}*"
            yield ""
        elif item:
            yield f"- `{item[1]}`: {item[2]}"
        elif section and line.startswith("        "):
            yield f"  {line.strip()}"
        elif section and line.startswith("    "):
            yield line.strip()
        else:
            yield line


def signature(node: Function, name: str) -> str:
    """Return a function's name, arguments and result as source."""
    arguments = re.sub(r"^self(, )?", "", ast.unparse(node.args))
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{name}({arguments}){result}"


def is_public(node: ast.stmt) -> bool:
    """Return whether a definition is for others to use."""
    return (
        isinstance(node, (ast.ClassDef, ast.FunctionDef))
        and not node.name.startswith("_")
        and ast.get_docstring(node) is not None
    )


def function(node: Function, name: str, level: str) -> Iterator[str]:
    """Yield a function or method."""
    is_value = any(
        isinstance(one, ast.Name) and one.id == "property"
        for one in node.decorator_list
    )
    result = f": {ast.unparse(node.returns)}" if node.returns else ""
    shown = f"{name}{result}" if is_value else signature(node, name)
    yield f"{level} `{shown}`"
    yield ""
    yield from prose(ast.get_docstring(node) or "")
    yield ""


def klass(node: ast.ClassDef) -> Iterator[str]:
    """Yield a class and its public methods."""
    made = next(
        (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"),
        None,
    )  # fmt: skip
    bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
    yield f"### class `{node.name}{bases}`"
    yield ""
    if made is not None:
        yield f"    {signature(made, node.name).removesuffix(' -> None')}"
        yield ""
    yield from prose(ast.get_docstring(node) or "")
    yield ""
    fields = [
        ast.unparse(n) for n in node.body
        if isinstance(n, ast.AnnAssign) and not ast.unparse(n.target).startswith("_")
    ]  # fmt: skip
    if fields and made is None:
        yield from (f"    {one}" for one in fields)
        yield ""
    for one in node.body:
        if is_public(one) and isinstance(one, ast.FunctionDef):
            yield from function(one, f"{node.name}.{one.name}", "####")


def module(name: str) -> Iterator[str]:
    """Yield a module."""
    tree = ast.parse((SOURCES / f"{name}.py").read_text())
    dotted = f"fcgi.{name.replace('/', '.').removesuffix('.__init__')}"
    yield f"## `{dotted}`"
    yield ""
    yield from (ast.get_docstring(tree) or "").splitlines()
    yield ""
    if name == "codec":
        yield "Its functions are those of `fcgi._pure`, below."
        yield ""
    for node in tree.body:
        if not is_public(node):
            continue
        if isinstance(node, ast.ClassDef):
            yield from klass(node)
        elif isinstance(node, ast.FunctionDef):
            yield from function(node, node.name, "###")


def page() -> str:
    """Return the whole page."""
    lines = [HEAD]
    for part, names in PARTS.items():
        lines += [f"# {part}", ""]
        for name in names:
            lines += module(name)
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def main() -> int:
    """Write the page, or look whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text() != page())
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
