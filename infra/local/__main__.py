"""Runs a whole site on this machine: `make run`.

Checks what can be checked, starts one supervisor with every part, says how far it is,
and stops everything on Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import types

import preflight
from layout import Layout, plan
from supervision import Failed, Supervision


class _Stop(Exception):  # noqa: N818 - a request
    """Someone asked for the end."""


def main() -> int:
    """Run the site until it is stopped; returns the exit code."""
    arguments = _arguments()
    layout = plan(arguments.config, arguments.data, arguments.bind, arguments.port)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        preflight.check(layout)
        layout.make()
        with preflight.take_lock(layout.run):
            return _run(layout)
    except preflight.Refused as error:
        print(f"hunch: {error}", file=sys.stderr)
        return 2
    except _Stop:
        return 0
    except OSError as error:
        print(f"hunch: {error}", file=sys.stderr)
        return 2


def _run(layout: Layout) -> int:
    supervision = Supervision(layout)
    began = time.monotonic()
    try:
        supervision.start()
        for name in supervision.wait_ready(timeout_s=60):
            _say(f"  {name}")
        _say(f"ready in {time.monotonic() - began:.1f} s:  {layout.address}")
        _say(f"data in {layout.data}, logs in {layout.log};  Ctrl-C stops")
        code = supervision.wait_end()
        print("hunch: the supervisor ended by itself", file=sys.stderr)
        return code or 1
    except Failed as error:
        print(f"hunch: {error}", file=sys.stderr)
        return 1
    except _Stop:
        _say("stopping")
        return 0
    finally:
        # A second Ctrl-C must not leave anything running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        supervision.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--port", type=_port, default=8080)
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--config", default="", help="hunch.toml; the demo if empty")
    parser.add_argument("--data", default="", help="folder for what is kept")
    return parser.parse_args()


def _port(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use 1 to 65535")
    return number


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(_signal: int, _frame: types.FrameType | None) -> None:
    raise _Stop


if __name__ == "__main__":
    sys.exit(main())
