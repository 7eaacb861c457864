#!/bin/sh
# Installs what is missing: system packages, the virtual environment, the members.
# Quick when nothing is missing (one hash over the files that decide).
#
# usage: install.sh run|test|bench     (each includes the one before)
#   PYTHON=python3.12   another interpreter (3.11 to 3.13)
#   VENV=path           another place for the virtual environment
set -eu

goal=${1:-run}
cd "$(dirname "$0")/../.."
venv=${VENV:-.venv}
half1="services/kvstore libs/smisk libs/stream services/aggregator services/web"
half2="libs/tokyocabinet libs/fcgi"

say() { printf '%s\n' "$*" >&2; }
die() { say "make: $1"; [ -z "${2:-}" ] || say "      $2"; exit 1; }

case $goal in
    run | test | bench) ;;
    *) die "unknown goal '$goal'" "use run, test or bench" ;;
esac

# --- Python --------------------------------------------------------------------------
python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.11 python3.12 python3.13; do
        if command -v "$candidate" > /dev/null 2>&1 && "$candidate" -c \
            'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
            python=$candidate
            break
        fi
    done
fi
[ -n "$python" ] || die "no Python 3.11 to 3.13 found" "install it, or name it: make run PYTHON=/path/to/python3.11"

# --- system packages -------------------------------------------------------------------
packages="lighttpd lighttpd-mod-deflate libtokyocabinet-dev gcc libc6-dev zlib1g-dev libbz2-dev"
# Debian splits its own interpreter; others bring headers and venv along.
case $("$python" -c 'import sys; print(sys.base_prefix)') in
    /usr) packages="$packages python3-venv python3-dev" ;;
esac
if [ "$goal" != run ]; then
    packages="$packages tokyocabinet-bin redis-server redis-tools chromium fonts-dejavu-core wrk xfsprogs util-linux tcl8.6 faketime nftables iproute2"
fi
[ "$goal" != bench ] || packages="$packages libfcgi-dev"
missing=
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    command -v apt-get > /dev/null 2>&1 ||
        die "these packages are missing:$missing" "this machine has no apt-get; install their like by hand"
    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null 2>&1 ||
            die "these packages are missing:$missing" "run as root: apt-get install$missing"
        sudo=sudo
    fi
    say "installing system packages:$missing"
    # shellcheck disable=SC2086
    $sudo sh infra/local/packages.sh $missing ||
        die "apt-get could not install:$missing" "its words stand above"
fi

# --- virtual environment and members -----------------------------------------------------
# The members are installed in place; only what is compiled or declared decides.
stamp=$(
    {
        "$python" -c 'import sys; print(sys.version, sys.base_prefix)'
        pwd
        cat requirements*.lock libs/*/pyproject.toml services/*/pyproject.toml
        find libs services \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h' -o -name 'setup.py' \) \
            -not -path '*/build/*' | sort | xargs -r cat
        # Python that is compiled has its types in a .pxd beside it.
        find libs services -name '*.pxd' -not -path '*/build/*' | sed 's/pxd$/py/' | sort |
            while read -r file; do [ ! -e "$file" ] || cat "$file"; done
    } | sha256sum | cut -d' ' -f1
)
installed() { [ "$(cat "$venv/.installed-$1" 2>/dev/null || true)" = "$stamp" ]; }
# An environment with more in it serves for less as well, and stays what it is.
case $goal in
    run) serving="run test bench" ;;
    test) serving="test bench" ;;
    bench) serving="bench" ;;
esac
for kind in $serving; do
    installed "$kind" && exit 0
    [ -e "$venv/.installed-$kind" ] && goal=$kind
done
case $goal in
    run) lock=requirements.lock ;;
    test) lock=requirements-dev.lock ;;
    bench) lock=requirements-bench.lock ;;
esac

[ -x "$venv/bin/python" ] || {
    say "making the virtual environment ($venv)"
    "$python" -m venv "$venv"
}
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
say "installing Python packages ($lock)"
$pip install --require-hashes --no-deps -r "$lock" ||
    die "pip could not install the packages" "its words stand above"
say "building the members"
# Compiling is most of a first start: two at a time, and without debug information.
CFLAGS="${CFLAGS:--O2 -g0}"
export CFLAGS
build() {
    flags=
    for member; do flags="$flags -e $member"; done
    # shellcheck disable=SC2086
    $pip install --no-build-isolation --no-deps $flags
}
# shellcheck disable=SC2086
build $half1 &
first=$!
# shellcheck disable=SC2086
build $half2 && wait "$first" ||
    die "a member could not be built" "its words stand above"
printf '%s\n' "$stamp" > "$venv/.installed-$goal"
