"""The FastCGI study: `make study`.

    cd loadtest && python -m study [quick|default|full] [--peers PYTHON] [--fresh]
                                   [--cells 'page/*'] [--minutes 30]
    python -m study report FOLDER        the report anew from its raw figures
    python -m study publish [FOLDER]     its figures and plots into README and docs
    python -m study plan [NAME]          what would be measured (--cells, --minutes)

Results go to results/<date>-<machine>-<plan>/. A study that was killed goes on where it
was when it is started again on the same day.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import sys
from pathlib import Path

from study.document import RESULTS, publish
from study.environment import machine_name
from study.model import MODELS
from study.plan import make
from study.report import write
from study.run import Study


def main() -> int:
    """Run the command line and return its exit code."""
    line = argparse.ArgumentParser(
        prog="python -m study", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    line.add_argument("what", nargs="?", default="default")
    line.add_argument("name", nargs="?", default="")
    line.add_argument("--peers", default=sys.executable, metavar="PYTHON",
                      help="interpreter of an environment with gunicorn, Twisted, "
                           "uWSGI, granian")  # fmt: skip
    line.add_argument("--machine", default=machine_name(), help="name in the results")
    line.add_argument("--cells", default="", metavar="PATTERNS",
                      help="only these, as in 'page/*,hello/prefork*/16': "
                           "handler/model/processes")  # fmt: skip
    line.add_argument("--minutes", type=float, default=0.0,
                      help="end then, whatever is not measured yet")  # fmt: skip
    line.add_argument("--out", type=Path, help="folder of the results")
    line.add_argument(
        "--fresh", action="store_true", help="do not go on with an old one"
    )
    given = line.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    if given.what == "report":
        write(Path(given.name))
        return 0
    if given.what == "publish":
        if given.name:
            write(Path(given.name))
        for path in publish(Path(given.name).name if given.name else ""):
            sys.stdout.write(f"{path}\n")
        return 0
    try:
        plan = make((given.name or "default") if given.what == "plan" else given.what,
                    os.cpu_count() or 1).chosen(given.cells, given.minutes)  # fmt: skip
    except ValueError as error:
        line.error(str(error))
    if given.what == "plan":
        for cell in sorted(plan.cells):
            sys.stdout.write(f"{cell.path}: {MODELS[cell.model].about}\n")
        sys.stdout.write(f"{plan}\n")
        return 0
    sys.stderr.write(f"{plan}\n")
    folder = given.out or _folder(given.machine, plan.name)
    if not given.out:
        number = 2
        base = folder
        while folder.exists() and (given.fresh or not Study.unfinished(folder, plan)):
            folder = base.with_name(f"{base.name}-{number}")
            number += 1
    if (folder / "raw.csv").exists() and not Study.unfinished(folder, plan):
        line.error(f"{folder} holds another study, or a finished one")
    try:
        Study(folder, plan, given.peers).run()
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; start it again to go on\n")
        return 130
    write(folder)
    sys.stdout.write(f"{folder / 'report.html'}\n")
    return 0


def _folder(machine: str, plan: str) -> Path:
    day = dt.datetime.now().astimezone().date()
    tail = "" if plan == "default" else f"-{plan}"
    return RESULTS / f"{day}-{machine}{tail}"


def _leave(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
