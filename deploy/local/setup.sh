#!/bin/sh
# Makes .venv with the pinned packages; does nothing when that is done already. Says in one sentence what is missing.
#   sh deploy/local/setup.sh [PYTHON]
set -eu
wanted=requirements/dev.txt
installed=.venv/installed.txt

say() { echo "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in ${1:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if new_enough "$name"; then command -v "$name"; return; fi
    done
    say "BiologiDex needs Python 3.11 or newer${1:+, which $1 is not}; install it, or name it: make PYTHON=/path/to/python3.12"
    exit 2
}

if cmp -s "$wanted" "$installed" && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

python=$(find_python "${1:-}")
"$python" deploy/local/platforms.py
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "Python's venv module is missing; install it (Debian, Ubuntu: apt install python$version-venv) and run make again."
    exit 2
fi
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi
say "Installing the pinned packages (some minutes the first time) ..."
rm -f "$installed"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$wanted"
cp "$wanted" "$installed"
say "Installed."
