"""nginx, Apache and php-fpm as peers; each is left out where it is not installed."""

import json
import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from fcgi_edges import apache, nginx, php_fpm
from fcgi_support import HERE, wait_until

import fcgi
from fcgi.client import Client, params_for

PARAMS = Path("/etc/nginx/fastcgi_params")

# What docs/fcgi.md says, for a site's root.
BY_MOUNT = "include {params}; fastcgi_pass unix:{path};"
BY_HAND = """
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param SCRIPT_NAME "";
fastcgi_param PATH_INFO $fastcgi_script_name;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param REQUEST_SCHEME $scheme;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param SERVER_NAME $server_name;
fastcgi_param SERVER_PORT $server_port;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_pass unix:{path};
"""
KEPT = "include {params}; fastcgi_pass app; fastcgi_keep_conn on;"


def path_of(server):
    return server.bind.removeprefix("unix:")


def check(site):
    """Try what any edge must carry in both directions."""
    assert site.get("/") == (200, b"hello\n")
    seen = json.loads(site.get("/show/a%20b?x=1")[1])["environ"]
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("", "/show/a b")
    assert (seen["QUERY_STRING"], seen["REMOTE_ADDR"]) == ("x=1", "127.0.0.1")
    assert seen["wsgi.url_scheme"] == "http"
    for size in (1, 70_000, 1_000_000):
        body = os.urandom(size)
        assert site.get("/echo", body) == (200, body)
        assert len(site.get(f"/big?{size}")[1]) == size
    assert site.get("/fail")[0] == 500
    assert site.get("/complain") == (200, b"done")
    wait_until(lambda: "something happened" in site.log.read_text(errors="replace"))


def need_params():
    if not PARAMS.exists():
        pytest.skip("nginx is not installed, or keeps its parameters elsewhere")
    return PARAMS


def test_nginx_with_its_own_parameters(start, folder):
    location = BY_MOUNT.format(params=need_params(), path=folder / "app.sock")
    start("fixture_app:app", "--mount", "")
    with nginx(folder, location) as site:
        check(site)


def test_nginx_with_parameters_by_hand(start, folder):
    start("fixture_app:app")
    with nginx(folder, BY_HAND.format(path=folder / "app.sock")) as site:
        check(site)


def test_nginx_that_sends_a_parameter_twice_is_refused(start, folder):
    """What happens to who includes the file, and then sets one of its names anew."""
    location = BY_MOUNT.format(params=need_params(), path=folder / "app.sock")
    start("fixture_app:app")
    with nginx(folder, f'{location} fastcgi_param SCRIPT_NAME "";') as site:
        assert site.get("/")[0] == 400


@pytest.mark.parametrize("model", ["prefork", "pool", "multiplex"])
def test_nginx_keeps_connections(start, folder, model):
    upstream = f"upstream app {{ server unix:{folder}/app.sock; keepalive 4; }}"
    location = KEPT.format(params=need_params())
    server = start("fixture_app:app", "--mount", "", "--model", model)
    with nginx(folder, location, upstream=upstream) as site:
        check(site)
        [worker, *_] = json.loads(site.get("/pid")[1])
        before = sockets(worker)
        for _ in range(20):
            assert site.get("/") == (200, b"hello\n")
        # The same connection for all of them: it is the same socket still.
        assert sockets(worker) == before
    assert server.stop() == 0


def sockets(pid):
    """Return the sockets of a process; a connection made anew has another number."""
    folder = Path(f"/proc/{pid}/fd")
    return sorted(
        name
        for fd in folder.iterdir()
        if (name := os.readlink(fd)).startswith("socket:")
    )


def test_a_kept_connection_survives_a_reload(start, folder):
    """nginx takes a connection that was closed between requests for what it is."""
    import signal

    upstream = f"upstream app {{ server unix:{folder}/app.sock; keepalive 4; }}"
    location = KEPT.format(params=need_params())
    server = start("fixture_app:app", "--mount", "", "--model", "pool")
    with nginx(folder, location, upstream=upstream) as site:
        got = []
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                got.append(site.get("/")[0])

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        generation = json.loads(site.get("/pid")[1])[1]
        server.signal(signal.SIGHUP)
        wait_until(lambda: json.loads(site.get("/pid")[1])[1] != generation)
        stop.set()
        thread.join()
        assert set(got) == {200}


def test_apache_by_proxy(start, folder):
    server = start("fixture_app:app", "--mount", "", "--mode", "666")
    with apache(
        folder, f'ProxyPass "/" "unix:{path_of(server)}|fcgi://localhost/"'
    ) as site:
        check(site)


def test_apache_keeps_connections(start, folder):
    server = start("fixture_app:app", "--mount", "", "--mode", "666", "--model", "pool")
    with apache(
        folder,
        f'ProxyPass "/" "unix:{path_of(server)}|fcgi://localhost/" enablereuse=on',
    ) as site:
        check(site)


def is_for_everybody(path):
    """Whether a user without rights of their own can get at a file."""
    real = Path(path).resolve()
    return real.exists() and all(
        one.stat().st_mode & stat.S_IXOTH for one in real.parents
    )


def test_apache_starts_the_worker(folder):
    # Apache started by root runs it as somebody else.
    found = [sys.executable] if os.geteuid() else [sys.executable, "/usr/bin/python3"]
    found = [one for one in found if os.geteuid() or is_for_everybody(one)]
    if not found or (os.geteuid() == 0 and not is_for_everybody(fcgi.__file__)):
        pytest.skip("neither interpreter nor package is for everybody to use")
    script = folder / "app.fcgi"
    script.write_text(
        f"#!/bin/sh\nexport PYTHONPATH={Path(fcgi.__file__).parent.parent}\n"
        f"exec {found[0]} -m fcgi fixture_app:app --processes 0 "
        f"--mount '' --chdir {HERE / 'apps'}\n"
    )
    script.chmod(0o755)
    (folder / "ipc").mkdir()
    (folder / "ipc").chmod(0o777)
    text = f"""
FcgidIPCDir {folder}/ipc
FcgidProcessTableFile {folder}/ipc/table
FcgidMaxRequestLen 2000000
FcgidInitialEnv PYTHONDONTWRITEBYTECODE 1
ScriptAlias "/" "{folder}/app.fcgi/"
<Directory "{folder}">
    SetHandler fcgid-script
    Options +ExecCGI
    Require all granted
</Directory>
"""
    with apache(folder, text, ("alias", "fcgid")) as site:
        check(site)


def test_php_fpm_answers_our_client(folder):
    script = folder / "hello.php"
    script.write_text(
        "<?php header('X-Php: yes'); http_response_code(201); error_log('noted');"
        "echo $_SERVER['REQUEST_METHOD'], ' ', $_GET['a'] ?? '-', ' ',"
        "strlen(file_get_contents('php://input'));"
    )
    with php_fpm(folder) as path, Client(f"unix:{path}", keep=True) as client:
        extra = {"SCRIPT_FILENAME": str(script), "SCRIPT_NAME": "/hello.php"}
        response = client.request(params_for("/hello.php?a=b", extra=extra))
        assert (response.status, response.body) == (201, b"GET b 0")
        assert response.header("X-Php") == "yes"
        body = b"x" * 200_000
        params = params_for("/hello.php", method="POST", body=body, extra=extra)
        assert client.request(params, body).body == b"POST - 200000"
        missing = {"SCRIPT_FILENAME": str(folder / "no.php"), "SCRIPT_NAME": "/no.php"}
        assert client.request(params_for("/no.php", extra=missing)).status == 404
        assert client.values("FCGI_MPXS_CONNS") == {"FCGI_MPXS_CONNS": "0"}
