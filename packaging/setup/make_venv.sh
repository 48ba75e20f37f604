#!/bin/sh
# Create .venv in the current folder with a supported Python; keep a working one.
# $PYTHON names the interpreter; the default is python3, or the newest python3.x that is new enough.
set -eu

OLDEST=3.11
CANDIDATES="python3 python3.14 python3.13 python3.12 python3.11"

say() { echo "preheat: $*"; }

fail() {
    echo "preheat: $1" >&2
    echo "  $2" >&2
    exit 1
}

# Run it: a name on PATH may be a shim for a missing version.
new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$OLDEST'.split('.'))))" >/dev/null 2>&1
}

can_make_venvs() {
    "$1" -c "import ensurepip, venv" >/dev/null 2>&1
}

# Print the first candidate that is new enough and passes the test $1.
find_python() {
    for candidate in ${PYTHON:-$CANDIDATES}; do
        if new_enough "$candidate" && "$1" "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

# Debian's Python packages do not include venv.
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing $* with apt-get" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The scripts in a copied or moved folder contain the old path.
if [ -x .venv/bin/python ] && [ "$(cat .venv/made-for 2>/dev/null)" = "$PWD" ] && new_enough .venv/bin/python; then
    exit 0
fi

python=$(find_python can_make_venvs)
if [ -z "$python" ]; then
    python=$(find_python true)
    if [ -z "$python" ]; then
        apt_install python3 python3-venv || true
    else
        apt_install "python$("$python" -c "import sys; print('%d.%d' % sys.version_info[:2])")-venv" || true
    fi
    python=$(find_python can_make_venvs)
fi
if [ -z "$python" ]; then
    fail "no Python $OLDEST or newer with venv was found (tried: ${PYTHON:-$CANDIDATES})." \
        "Install one (Debian: apt install python3 python3-venv; macOS: brew install python), or name it: make PYTHON=/path/to/python3"
fi

say "creating .venv with $("$python" --version)"
rm -rf .venv
"$python" -m venv .venv
echo "$PWD" >.venv/made-for
