#!/usr/bin/env python3
"""Let the web server send a file: it is better at it.

lighttpd needs ``"x-sendfile" => "enable"`` and an ``x-sendfile-docroot`` around it.
"""

from pathlib import Path

from smisk import Application


class SendFile(Application):
    def service(self):
        self.response.content_type = "text/x-python"
        self.response.send_file(Path(__file__))


if __name__ == "__main__":
    SendFile().run()
