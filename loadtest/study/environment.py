"""What the figures depend on: the machine, its state, and the versions."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

from study.model import MODELS, script
from study.noise import calibration_ms, foreign_share


def describe(peers: str) -> dict[str, object]:
    """Return it, with the noise measured now."""
    taken = calibration_ms()
    return {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "cores_allowed": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "kernel": platform.release(),
        "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "turbo_off": _read("/sys/devices/system/cpu/intel_pstate/no_turbo"),
        "somaxconn": _read("/proc/sys/net/core/somaxconn"),
        "load_average": os.getloadavg(),
        "noise_before": round(foreign_share(2.0), 4),
        "calibration_ms": [round(ms, 2) for ms in taken],
        "calibration_spread": round(max(taken) / min(taken) - 1, 3),
        "python": platform.python_version(),
        "lighttpd": _first(["lighttpd", "-v"]),
        "wrk": _first(["wrk", "-v"]),
        "packages": _packages(),
        "peers": {
            model.name: _version(model.needs, peers)
            for model in MODELS.values()
            if model.family == "today"
        },
        "note": "generators, edge, workers and store share the machine",
    }


def cpu() -> str:
    """Return the processor's name."""
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def machine_name() -> str:
    """Return a short name for results: cores and processor, not whose it is."""
    words = re.sub(r"\((R|TM)\)|CPU|Processor|@.*|\d+-Core", "", cpu())
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    return f"{os.cpu_count()}core-{slug}"[:48].strip("-")


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def _first(command: list[str]) -> str:
    program = script(command[0], "/usr/sbin/python") or f"/usr/sbin/{command[0]}"
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, text=True, check=False
        )
    except OSError:
        return "not installed"
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def _packages() -> dict[str, str]:
    found = {}
    for name in (
        "hunch-fcgi",
        "hunch-smisk",
        "hunch-kvstore",
        "flup",
        "locust",
        "gevent",
    ):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _version(name: str, peers: str) -> str:
    # uWSGI's name as a wheel is pyuwsgi.
    code = (
        "import importlib.metadata as m\n"
        f"for name in ({name!r}, 'py' + {name!r}):\n"
        "    try: print(m.version(name))\n"
        "    except m.PackageNotFoundError: pass"
    )
    done = subprocess.run(
        [peers, "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.partition("\n")[0].strip() or "not installed"
