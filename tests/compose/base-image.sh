#!/bin/sh
# Makes the base image where no registry can be reached: a minimal Debian by debootstrap,
# with this machine's package sources, certificates and pip settings.
#
# usage: base-image.sh NAME
set -eu
name=$1
command -v debootstrap > /dev/null || {
    echo "installing debootstrap"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap > /dev/null
}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM

mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]+).*/\2/p' |
    grep -v security | head -n 1)
echo "building $name from packages"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" > "$root.log" 2>&1 ||
    { tail -n 20 "$root.log"; exit 1; }
rm -f "$root.log"

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
# What this machine needs to reach its package registries, the containers' builds need as well.
cp -L /etc/apt/sources.list "$root/etc/apt/" 2>/dev/null || true
cp -RL /etc/apt/sources.list.d/. "$root/etc/apt/sources.list.d/" 2>/dev/null || true
for file in /etc/apt/apt.conf.d/*proxy* /etc/pip.conf; do
    [ -e "$file" ] && cp -L "$file" "$root/$file"
done
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
{
    echo "[global]"
    echo "cert = /etc/ssl/certs/ca-certificates.crt"
    index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
    [ -z "$index" ] || echo "index-url = $index"
} > "$root/etc/pip.conf"
tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - "$name" > /dev/null
