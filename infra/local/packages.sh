#!/bin/sh
# Installs Debian packages without starting or enabling the services some of them bring:
# a site run from here has processes of its own, and a lighttpd or redis-server that the
# machine already runs stays as it is. Needs root.
#
# usage: packages.sh PACKAGE …
set -eu

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # invoke-rc.d asks this before it starts a service; 101 means "don't".
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT INT TERM
fi

new_services=
for service in lighttpd redis-server; do
    case " $* " in *" $service "*)
        dpkg-query -W -f='${Status}' "$service" 2>/dev/null | grep -q 'ok installed' ||
            new_services="$new_services $service" ;;
    esac
done

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
install() { apt-get install -y --no-install-recommends "$@" > "$log" 2>&1; }
# The lists may be absent (a fresh image) or old: fetch them only if they don't do.
if ! install "$@"; then
    apt-get update > "$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    install "$@" || { tail -n 20 "$log" >&2; rm -f "$log"; exit 1; }
fi
rm -f "$log"

# What was not there before shall not start at the next boot either.
if [ -d /run/systemd/system ]; then
    for service in $new_services; do
        systemctl disable --quiet "$service" || true
    done
fi
