#!/bin/sh
# Builds the containers and drives them for real: `make compose-test`.
#
# Installs an engine and docker-compose from Debian where they are missing, starts the
# engine if none runs (and stops it again), makes the base image where no registry can be
# reached, then lets pytest bring the stack up, read it, restart it and take it down.
set -eu
cd "$(dirname "$0")/../.."
infra/local/install.sh test
venv=${VENV:-.venv}

missing=
command -v dockerd > /dev/null || missing="$missing docker.io iptables"
command -v docker-compose > /dev/null || docker compose version > /dev/null 2>&1 ||
    missing="$missing docker-compose"
if [ -n "$missing" ]; then
    [ "$(id -u)" -eq 0 ] || { echo "compose-test: root is needed to install:$missing" >&2; exit 1; }
    echo "installing$missing"
    # shellcheck disable=SC2086
    sh infra/local/packages.sh $missing
fi

engine=
stop_engine() {
    [ -z "$engine" ] || { kill "$engine" && wait "$engine"; } 2> /dev/null || true
}
if ! docker info > /dev/null 2>&1; then
    [ "$(id -u)" -eq 0 ] || { echo "compose-test: no container engine runs, and starting one needs root" >&2; exit 1; }
    log=$(mktemp)
    dockerd > "$log" 2>&1 &
    engine=$!
    trap stop_engine EXIT INT TERM
    n=0
    until docker info > /dev/null 2>&1; do
        n=$((n + 1))
        if [ "$n" -gt 60 ] || ! kill -0 "$engine" 2> /dev/null; then
            echo "compose-test: the container engine does not start:" >&2
            tail -n 20 "$log" >&2
            exit 1
        fi
        sleep 0.5
    done
fi

HUNCH_BASE=${HUNCH_BASE:-debian:bookworm-slim}
export HUNCH_BASE
if ! docker image inspect "$HUNCH_BASE" > /dev/null 2>&1; then
    docker pull --quiet "$HUNCH_BASE" 2> /dev/null || tests/compose/base-image.sh "$HUNCH_BASE"
fi

"$venv/bin/python" -m pytest -m docker tests/compose "$@"
