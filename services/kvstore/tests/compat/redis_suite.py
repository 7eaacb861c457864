"""Runs Redis's own test suite against our server and redis-server, and compares.

    python redis_suite.py [--suite DIR] [UNIT ...]

The suite is part of Debian's source package of redis; it is fetched by that name into
DIR (a temporary folder by default) and never kept in this repository. What passes on
redis-server must pass on ours, but for the tests `redis_suite_left_out.txt` names, each
under its reason; and a test named there that passes on ours should not be named.
"""

from __future__ import annotations

import argparse
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from kvstore_process import OurServer, RedisServer

LEFT_OUT = Path(__file__).with_name("redis_suite_left_out.txt")
UNITS = [
    *("protocol", "quit", "auth", "keyspace", "scan", "expire", "multi", "pubsub"),
    *(
        "pause",
        "other",
        "info-command",
        "slowlog",
        "type/incr",
        "type/string",
        "type/hash",
    ),
    *("type/zset", "introspection", "introspection-2", "latency-monitor", "tracking"),
]
# These leave a connection of the suite in the middle of something where a command is not
# there, and the tests after them with it.
DERAILING = {
    "tracking": [
        "Unblocked BLMOVE gets notification after response",
        "Invalid keys should not be tracked for scripts in NOLOOP mode",
    ],
    "introspection-2": ["command stats for MULTI"],
}
OPTIONS = [
    *("--singledb", "--ignore-encoding", "--ignore-digest", "--no-latency"),
    *("--durable", "--clients", "1"),
]
TAGS = "debug repl save reset config-maxmemory cluster"
UNIT_TIMEOUT_S = 300
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
OUTCOME = re.compile(r"\[(ok|err|exception)\]: (.*)")
WITHOUT_SUITE = 75  # EX_TEMPFAIL


class NoSuiteError(Exception):
    """The source package cannot be had here."""


def fetch(folder):
    """Get the suite out of Debian's source package."""
    if shutil.which("apt-get") is None:
        raise NoSuiteError("there is no apt-get")
    (folder / "lists" / "partial").mkdir(parents=True)
    sources = folder / "src.sources"
    sources.write_text(source_entries())
    apt = [
        *("apt-get", "-qq", "-o", "APT::Sandbox::User=root"),
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={folder / 'lists'}"),
    ]
    for words in (["update"], ["--download-only", "source", "redis"]):
        done = subprocess.run(
            [*apt, *words], cwd=folder, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise NoSuiteError(done.stderr.strip())
    archive = next(folder.glob("redis_*.orig.tar.*"))
    subprocess.run(
        [
            *("tar", "-xf", archive, "-C", folder, "--strip-components=1"),
            *("--wildcards", "*/tests/*"),
        ],
        check=True,
    )


def source_entries():
    """Return this machine's own package sources, asked for sources."""
    found = ""
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        found += re.sub(r"(?m)^Types:.*", "Types: deb-src", path.read_text()) + "\n"
    lines = [
        re.sub(r"^deb\s", "deb-src ", line)
        for path in Path("/etc/apt").glob("**/*.list")
        for line in path.read_text().splitlines()
        if line.startswith("deb ")
    ]
    if found and lines:
        raise NoSuiteError("apt has sources of both forms")
    if not found and not lines:
        raise NoSuiteError("apt has no sources")
    return found or "\n".join(lines) + "\n"


def let_functions_be_absent(suite):
    """The suite empties the functions first, which a server may well not have."""
    path = suite / "tests" / "support" / "server.tcl"
    text = path.read_text()
    path.write_text(re.sub(r"(?m)^(\s*)r function flush$", r"\1catch {\g<0>}", text))


def run(suite, unit, port):
    """Run one unit; return {test name: "ok", or what it said}."""
    done = subprocess.run(
        [
            *("tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1"),
            *("--port", str(port), *OPTIONS, "--single", f"unit/{unit}"),
            *(
                word
                for name in DERAILING.get(unit, ())
                for word in ("--skiptest", name)
            ),
            *("--tags", " ".join(f"-needs:{tag}" for tag in TAGS.split()) + " -slow"),
        ],
        cwd=suite,
        check=False,
        capture_output=True,
        timeout=UNIT_TIMEOUT_S,
    )
    lines = COLOUR.sub("", done.stdout.decode("utf-8", "replace")).splitlines()
    found = {}
    for at, line in enumerate(lines):
        match = OUTCOME.match(line)
        if match and match[1] == "ok":
            found[re.sub(r" \(\d+ ms\)$", "", match[2])] = "ok"
        elif match:
            name = match[2].rpartition(" in tests/unit/")[0] or match[2]
            found[name] = " / ".join(lines[at + 1 : at + 3])
    return found


def left_out():
    """Return {(unit, test name): reason}."""
    found, reason = {}, ""
    for line in LEFT_OUT.read_text().splitlines():
        if line.startswith("    "):
            unit, _, name = line.strip().partition(": ")
            found[unit, name] = reason
        elif line and not line.startswith("#"):
            reason = line
    return found


def compare(unit, ours, theirs, known):
    """Return what is wrong, a line each."""
    wrong = []
    for name, outcome in theirs.items():
        is_known = (unit, name) in known
        if outcome == "ok" and ours.get(name) != "ok" and not is_known:
            wrong.append(f"{unit}: {name}: {ours.get(name, 'did not run')}")
        if is_known and ours.get(name) == "ok":
            wrong.append(f"{unit}: {name}: passes, yet is left out")
    for named_unit, name in known:
        if named_unit == unit and name not in theirs:
            wrong.append(f"{unit}: {name}: left out, but there is no such test")
    return wrong


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def measure(suite, units, folder):
    """Run the units on both servers; return what is wrong."""
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    ours = OurServer(folder / "ours", "--bind", "127.0.0.1:0").configure(
        "enable-debug-command yes"
    )
    theirs = RedisServer(folder / "theirs", free_port())
    known, wrong = left_out(), []
    total = [0, 0, 0]
    with ours, theirs:
        for unit in units:
            there = run(suite, unit, theirs.tcp_port)
            here = run(suite, unit, ours.port())
            wrong += compare(unit, here, there, known)
            out = sum(named == unit for named, _ in known)
            counts = [sum(v == "ok" for v in r.values()) for r in (here, there)]
            print(f"{unit:14} {counts[0]:4} of {counts[1]:4} pass, {out} left out")
            total = [a + b for a, b in zip(total, [*counts, out], strict=True)]
    print(f"{'altogether':14} {total[0]:4} of {total[1]:4} pass, {total[2]} left out")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--suite", type=Path, help="where it is, or may be put")
    parser.add_argument("units", nargs="*", default=UNITS)
    asked = parser.parse_args()
    if shutil.which("tclsh") is None:
        print("there is no tclsh", file=sys.stderr)
        return WITHOUT_SUITE
    with tempfile.TemporaryDirectory(prefix="redis-suite-") as temporary:
        suite = asked.suite or Path(temporary) / "suite"
        if not (suite / "tests").exists():
            try:
                fetch(suite)
            except NoSuiteError as error:
                print(f"Redis's suite cannot be had: {error}", file=sys.stderr)
                return WITHOUT_SUITE
            let_functions_be_absent(suite)
        folder = Path(temporary) / "servers"
        folder.mkdir()
        wrong = measure(suite, asked.units, folder)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
