"""Build the compiled modules: every .pyx under src, one extension each."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SOURCE = Path("src")

extensions = [
    Extension(
        ".".join(path.relative_to(SOURCE).with_suffix("").parts),
        [str(path)],
        include_dirs=[str(path.parent), str(SOURCE / "hunch_kvstore/engine")],
        extra_compile_args=["-O2"],
    )
    for path in sorted(SOURCE.rglob("*.pyx"))
]

setup(ext_modules=cythonize(extensions, include_path=[str(SOURCE)], language_level=3))
