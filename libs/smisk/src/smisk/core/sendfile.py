"""Which header makes which server send a file by itself."""

import re
from pathlib import Path
from urllib.parse import quote

_LIGHTTPD = re.compile(r"lighttpd/(\d+)\.(\d+)(?:\.(\d+))?").search


def sendfile_header(server_software: str, path: Path) -> tuple[str, str]:
    """Return the header that hands `path` to the server in front.

    Args:
        server_software: SERVER_SOFTWARE of the request.
        path: The file. nginx takes it as an address below an ``internal`` location;
            the others as a path of the file system, made absolute here.

    Raises:
        OSError: If the server is not one that can do this.
    """
    software = server_software.lower()
    if match := _LIGHTTPD(software):
        version = tuple(int(n or 0) for n in match.groups())
        # lighttpd knows X-Sendfile since 1.4.40; the longer name is the older one.
        name = "X-Sendfile" if version >= (1, 4, 40) else "X-LIGHTTPD-send-file"
        return name, quote(str(path.absolute()))
    if "lighttpd" in software or "apache/2" in software:
        return "X-Sendfile", quote(str(path.absolute()))
    if "nginx" in software:
        return "X-Accel-Redirect", quote(str(path))
    raise OSError(f"{server_software or 'this server'} cannot be asked to send a file")
