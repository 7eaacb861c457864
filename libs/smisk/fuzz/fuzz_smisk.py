"""Coverage-guided fuzzing of everything that reads what a client sent.

    python libs/smisk/fuzz/fuzz_smisk.py [-max_total_time=60] [CORPUS …]

Needs atheris; the options are those of libFuzzer. The first byte of an input chooses the
reader. An input has failed if a reader raises what it does not promise: 4xx answers and
ValueError are promised, everything else is a finding.
"""

# ruff: noqa: D101, D102, D103 - each is named after what it reads
import io
import sys

import atheris

with atheris.instrument_imports(include=["smisk"]):
    from smisk import config, http, negotiation, serialization
    from smisk.core import condition, cookie, form, headers, url
    from smisk.core.limits import RequestLimits
    from smisk.core.stream import Stream
    from smisk.core.xml import parse_xml
    from smisk.error import ConfigurationError
    from smisk.mvc import Application, Controller, expose
    from smisk.session import MemoryStore, Sessions
    from smisk.test import Client

LIMITS = RequestLimits(max_document_size=65_536, max_formdata_size=65_536)


class Root(Controller):
    def __call__(self, a: int = 0, b: str = "", c: list[str] = [], **rest):  # noqa: B006
        return {"a": a, "b": b, "c": c, "cookies": self.request.cookies, **rest}

    @expose(route="/item/<id>")
    def item(self, id: str):
        return {"id": id, "url": str(self.request.url), "s": self.request.session}


class Site(Application):
    root = Root
    limits = LIMITS

    def __init__(self):
        super().__init__()
        self.serializers = serialization.all_serializers()
        self.sessions = Sessions(MemoryStore(1000))


SITE = Site()
TYPES = [
    *sorted(SITE.serializers.by_media_type),
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
]
KNOWN = {200, 204, 300, 304, 400, 404, 405, 406, 408, 411, 412, 413, 414, 415, 431}


def read_url(data):
    text = data.decode("utf-8", "replace")
    found = url.URL(text)
    assert str(url.URL(str(found))) == str(found)
    url.decompose_query(text)
    assert url.decode(url.encode(text)) == text


def read_cookies(data):
    for name, value in cookie.parse_cookies(data.decode("latin-1")).items():
        assert not set(name) & set("=; \r\n"), (name, value)


def read_headers(data):
    text = data.decode("latin-1")
    negotiation.choose_media_type(text, [(1, "text/html"), (2, "application/json")])
    negotiation.choose_charset(text, "utf-8")
    condition.parse_etags(text)
    form.parse_options(text)
    lines = headers.Headers()
    lines["X"] = text
    assert not set(lines["X"]) & set("\r\n\0")


class Trickle(io.BytesIO):
    def read(self, size=-1):
        return super().read(min(size, 7))


def read_multipart(data):
    whole, pieces = [], []
    for found, source in ((whole, io.BytesIO(data)), (pieces, Trickle(data))):
        try:
            for headers, content in form.parts(Stream(source), "b", LIMITS):
                found.append((headers, b"".join(content)))
        except http.HTTPError as error:
            found.append(error.status)
    assert whole == pieces, (whole, pieces)
    stream = Stream(io.BytesIO(data), len(data))
    kind = "multipart/form-data; boundary=b"
    for file in form.read_multipart(stream, kind, LIMITS, bytes.decode)[1].values():
        for one in file if isinstance(file, list) else [file]:
            one.discard()


def read_document(data):
    parse_xml(data)


def read_config(data):
    config.parse(data.decode("utf-8", "replace").replace("@", "a"))


def ask(data):
    """Send a whole request: method, type, path, query, a header, body."""
    fuzz = atheris.FuzzedDataProvider(data)
    method = fuzz.PickValueInList(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
    names = ["HTTP_ACCEPT", "HTTP_ACCEPT_CHARSET", "HTTP_COOKIE", "HTTP_HOST",
             "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_REFERER"]  # fmt: skip
    base = {
        fuzz.PickValueInList(names): latin(fuzz, 60),
        "CONTENT_TYPE": fuzz.PickValueInList(TYPES),
        "PATH_INFO": fuzz.PickValueInList(["/", "/item/"]) + latin(fuzz, 30),
        "QUERY_STRING": latin(fuzz, 60),
    }
    body = fuzz.ConsumeBytes(fuzz.remaining_bytes())
    reply = Client(SITE, base, validate=False).request(method, "/", body=body)
    assert reply.status in KNOWN, (reply.status, base, body)
    for name, value in reply.headers.pairs():
        assert not set(name + value) & set("\r\n\0"), (name, value)


def latin(fuzz, size):
    return fuzz.ConsumeBytes(fuzz.ConsumeIntInRange(0, size)).decode("latin-1")


READERS = [read_url, read_cookies, read_headers, read_multipart, read_document,
           read_config, ask, ask, ask]  # fmt: skip


def one_input(data):
    """Give `data` to the reader its first byte names."""
    try:
        READERS[data[0] % len(READERS) if data else 0](data[1:])
    except (ValueError, ConfigurationError):
        return
    except http.HTTPError as error:
        if error.status >= 500:
            raise


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
