"""Who visits a site: a mixed day, or any part of it, or a herd after a post.

    make load                          30 s of a mixed day against http://127.0.0.1:8080
    make load HOST=http://other:8080
    locust -f loadtest/locustfile.py --host …             with locust's own page
    locust -f loadtest/locustfile.py --host … Searcher Explorer
    locust -f loadtest/herd.py --headless --host … -u 10000 -r 2000

A mixed day has thirty readers to ten polling programs, four searchers and three explorers
of the timeline. The run fails (exit code 1) beyond `--fail-ratio` and `--p95-ms`.
`shape_step.py` and `shape_spike.py` change the number of users while it runs. How to use
several machines stands in docs/load-study.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Locust looks for users in this file's names.
from scenarios import threshold as threshold
from scenarios.people import Explorer as Explorer
from scenarios.people import Reader as Reader
from scenarios.people import Searcher as Searcher
from scenarios.programs import Poller as Poller
