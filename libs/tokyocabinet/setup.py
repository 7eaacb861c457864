"""Compile the Cython modules; everything else is said in pyproject.toml.

`TOKYOCABINET_SANITIZE=address` adds AddressSanitizer (run Python with libasan preloaded).
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

HERE = Path(__file__).parent
SOURCE = Path("src/tokyocabinet")
sanitizer = os.environ.get("TOKYOCABINET_SANITIZE")
flags = (
    [f"-fsanitize={sanitizer}", "-fno-omit-frame-pointer", "-g"] if sanitizer else []
)

modules = [
    Extension(
        f"tokyocabinet.{path.stem}",
        [path.as_posix()],
        depends=sorted(
            p.relative_to(HERE).as_posix() for p in (HERE / SOURCE).glob("*.h")
        ),
        include_dirs=[SOURCE.as_posix()],
        libraries=["tokyocabinet", *(["bz2"] if path.stem == "_verify" else [])],
        extra_compile_args=["-O2", *flags],
        extra_link_args=flags,
    )
    for path in sorted(p.relative_to(HERE) for p in (HERE / SOURCE).glob("_*.pyx"))
]

setup(
    ext_modules=cythonize(
        modules,
        include_path=["src"],
        nthreads=int(os.environ.get("TOKYOCABINET_THREADS", "0")),
        compiler_directives={
            "language_level": 3,
            "embedsignature": False,
            "boundscheck": False,
            "wraparound": False,
            "initializedcheck": False,
            "auto_pickle": False,
        },
    )
)
