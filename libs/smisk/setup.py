"""Compile the modules every request passes through, from the same files.

A module with a ``.pxd`` beside it is one of them: there its classes and functions get
the types C needs. The package works without; everything else is in pyproject.toml.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
SOURCE = HERE / "src"


class OptionalBuild(build_ext):
    """Go on with plain Python when there is no compiler."""

    def run(self) -> None:
        """Build all, and note of what; or say what will be slower."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - a compiler can fail in many ways
            sys.stderr.write(f"smisk: using plain Python, not compiled: {error}\n")
            return
        # A test compares: a module that was edited since would not be the one that runs.
        HERE.joinpath("build").mkdir(exist_ok=True)
        HERE.joinpath("build/compiled.json").write_text(json.dumps(sources()))


def sources() -> dict[str, str]:
    """Return the hash of all a compiled module is made of, by its path."""
    return {
        path.relative_to(SOURCE).as_posix(): sha256(path.read_bytes()).hexdigest()
        for typed in sorted(SOURCE.rglob("*.pxd"))
        for path in (typed.with_suffix(".py"), typed)
    }


def modules() -> list[Extension]:
    """Return the compiled modules; none without Cython."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    extensions = [
        Extension(
            ".".join(typed.relative_to(SOURCE).with_suffix("").parts),
            [typed.with_suffix(".py").relative_to(HERE).as_posix()],
            extra_compile_args=["-O2"],
        )
        for typed in sorted(SOURCE.rglob("*.pxd"))
    ]
    return list(
        cythonize(
            extensions,
            include_path=["src"],
            build_dir="build",
            # Annotations are for readers and mypy: a subclass of str is a str.
            compiler_directives={"language_level": 3, "annotation_typing": False},
        )
    )


setup(
    ext_modules=modules(),
    cmdclass={"build_ext": OptionalBuild},
    options={"build_ext": {"parallel": 2}},
)
