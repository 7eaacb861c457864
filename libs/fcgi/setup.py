"""Compile the Cython modules where that can be done; the package works without them.

Everything else is said in pyproject.toml.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent


class OptionalBuild(build_ext):
    """Go on with the plain Python twins when there is no compiler."""

    def run(self) -> None:
        """Build, or say what will be slower."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - a compiler can fail in many ways
            self._without(error)

    def build_extension(self, ext: Extension) -> None:
        """Build one module, or say so."""
        try:
            super().build_extension(ext)
        except Exception as error:  # noqa: BLE001
            self._without(error)

    def _without(self, error: Exception) -> None:
        sys.stderr.write(f"fcgi: using plain Python, not compiled: {error}\n")


def modules() -> list[Extension]:
    """Return the compiled modules; none without Cython."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    found = sorted(p.relative_to(HERE) for p in (HERE / "src/fcgi").glob("_*.pyx"))
    extensions = [
        Extension(
            f"fcgi.{path.stem}",
            [path.as_posix()],
            extra_compile_args=["-O2"],
            optional=True,
        )
        for path in found
    ]
    return list(
        cythonize(
            extensions,
            compiler_directives={
                "language_level": 3,
                "boundscheck": False,
                "wraparound": False,
                "initializedcheck": False,
            },
        )
    )


setup(ext_modules=modules(), cmdclass={"build_ext": OptionalBuild})
