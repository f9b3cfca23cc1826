#!/bin/sh
# Makes a base image of Debian's own packages, for machines that reach no registry of images:
#   sh deploy/debian_base.sh NAME [PROGRAM …]        PROGRAM: what builds images (docker; podman; buildah --root …)
# As root. Debian bookworm (SUITE), smallest variant, with its Python and what makes environments of it; from MIRROR,
# else from where this machine has its own packages, else from where debootstrap looks by itself.
set -eu
[ $# -gt 0 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,5p >&2; exit 2; }
name=$1; shift
[ $# -gt 0 ] || set -- podman
suite=${SUITE:-bookworm}

command -v debootstrap >/dev/null || { echo "debootstrap is missing (Debian: apt-get install debootstrap)" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "debootstrap needs root" >&2; exit 2; }

ours() { apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" 2>/dev/null | head -n 1; }
mirror=${MIRROR:-$(ours)}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

echo "Debian $suite, the smallest, with Python ..." >&2
# shellcheck disable=SC2086  # An empty mirror is no argument.
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$folder/root" $mirror \
    >"$folder/debootstrap.log" 2>&1 || { tail -n 5 "$folder/debootstrap.log" >&2; exit 1; }
# Where it came from is this machine's own affair, and what was fetched is installed.
rm -rf "$folder"/root/var/cache/apt/* "$folder"/root/var/lib/apt/lists/* "$folder"/root/var/log/* \
    "$folder"/root/usr/share/doc/* "$folder"/root/usr/share/man/* "$folder"/root/etc/apt/sources.list
tar -C "$folder/root" -cf "$folder/root.tar" .
rm -rf "$folder/root"

printf 'FROM scratch\nADD root.tar /\nENV PATH=/usr/local/bin:/usr/bin:/bin\nCMD ["python3"]\n' >"$folder/Dockerfile"
printf '*\n!root.tar\n' >"$folder/.dockerignore"
"$@" build --tag "$name" "$folder" >"$folder/build.log" 2>&1 || { tail -n 5 "$folder/build.log" >&2; exit 1; }
echo "$name is there." >&2
