#!/usr/bin/env python3
"""Several stand-alone servers behind one web server, each dying after four requests.

    ./app.py 127.0.0.1:5000 &  ./app.py 127.0.0.1:5001 &  ./app.py 127.0.0.1:5002 &

With all three as hosts of ``fastcgi.server``, lighttpd passes a request on to the next
when one is gone, and no visitor notices before the last one is.
"""

import os
import sys

from smisk import Application, bind


class Mortal(Application):
    requests = 0

    def service(self):
        self.requests += 1
        self.response.write(f"process {os.getpid()}, request {self.requests}\n")
        if self.requests == 4:
            self.exit()

    def application_did_stop(self):
        sys.stderr.write(f"process {os.getpid()} served {self.requests} requests\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        bind(sys.argv[1])
    Mortal().run()
