# shellcheck shell=bash
# What tools/run, tools/test and tools/fetch-kernel share: from a bare checkout to a virtual
# environment with this package in it. Sourced; leaves the interpreter's path in $python.
#
#   set_up run      the package and what it needs
#   set_up dev      the tools that check it as well

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$root/.venv/bin/python

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    note "$@"
    exit 1
}

# Words of a command, run as root: as we are, or through sudo, which may ask.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        note "asking sudo for: $*"
        sudo "$@"
    else
        die "this needs root, and there is no sudo: $*"
    fi
}

# The first Python here that is new enough, and can make an environment. The system's own comes first:
# distributions build it with all optimisations, others often not, and an emulated guest, in which
# this same Python runs, starts it in half the time.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# On Debian and its kin, where venv and even Python are packages of their own.
install_python() {
    command -v apt-get >/dev/null ||
        die "install Python 3.11 or newer with its venv module, then run this again"
    note "installing python3 and python3-venv"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qqy install python3 python3-venv >&2
}

make_environment() {
    local base
    base=$(find_python) || { install_python && base=$(find_python); } ||
        die "this system's Python is older than 3.11: install a newer one, or name it by PYTHON=..."
    note "making .venv with $base"
    rm -rf "$root/.venv"
    "$base" -m venv "$root/.venv" || die "cannot make .venv with $base"
}

set_up() {
    local wanted=$1 stamp now
    "$python" -c '' 2>/dev/null || make_environment
    stamp=$root/.venv/.rawbpf-$wanted
    now=$(sha256sum "$root/pyproject.toml")
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return
    note "installing rawbpf and what it needs into .venv"
    local packages=(-e "$root")
    [ "$wanted" = dev ] && mapfile -t -O 2 packages < <("$python" "$root/tools/lib/dev_packages.py")
    "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2 ||
        die "pip could not install what pyproject.toml names"
    printf '%s\n' "$now" >"$stamp"
}
