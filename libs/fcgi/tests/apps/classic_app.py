"""A program in the style of py-fcgi: threads that share one listening socket."""

import sys
import threading

import fcgi


def handle(request):
    path = request.params.get("PATH_INFO", "")
    if path == "/commit":
        request.out.write("Content-Type: text/plain\r\n\r\nearly")
        request.commit()
        try:
            request.commit()
        except fcgi.Error as error:
            sys.stderr.write(f"twice: {error}\n")
            sys.stderr.flush()
    elif path == "/sendfile":
        request.out.write("Content-Type: text/plain\r\n")
        request.sendfile(__file__)
    elif path == "/late":
        request.out.write("Content-Type: text/plain\r\n\r\n")
        try:
            request.sendfile(__file__)
        except fcgi.Error:
            request.out.write("too late")
    elif path == "/stop":
        request.out.write("Content-Type: text/plain\r\n\r\nstopping")
        fcgi.shutdown()
    else:
        first = request.input.readline()
        rest = request.input.read()
        lines = sum(1 for _ in request.input)
        request.err.write("for the log\n")
        request.out.write("Content-Type: text/plain\r\n\r\n")
        request.out.write(
            f"{len(first)} {len(rest)} {lines} {len(request.params)}".encode()
        )
        request.out.writeByte(33)
        request.out.write("cut here", 3)


def loop():
    request = fcgi.Request()
    while request.accept():
        handle(request)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fcgi.bind(sys.argv[1], 16)
    threads = [threading.Thread(target=loop) for _ in range(2)]
    for thread in threads:
        thread.start()
    loop()
    for thread in threads:
        thread.join()
    sys.stderr.write("stopped in order\n")
