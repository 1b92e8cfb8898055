# shellcheck shell=bash
# -P (Python 3.11) keeps Python from importing files in the current folder, such as venv.py.
#
# Shared by tools/run, tools/test and tools/fetch-kernel: create a virtual environment with this
# package. To be sourced; sets $python to the path of the interpreter.
#
#   set_up run      the package and its dependencies
#   set_up dev      the development tools, too

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$root/.venv/bin/python

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    note "$@"
    exit 1
}

# Run a command as root, with sudo if necessary.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        note "running with sudo: $*"
        sudo "$@"
    else
        die "this needs root, and sudo is not installed: $*"
    fi
}

# Print the first Python that is new enough and can create an environment. The system's Python is
# preferred: distributions build it with all optimisations. It starts in half the time in an emulated
# guest, which runs the same Python.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -P -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# On Debian and its derivatives, where venv is a separate package.
install_python() {
    command -v apt-get >/dev/null ||
        die "install Python 3.11 or newer with its venv module, then try again"
    note "installing python3 and python3-venv"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qqy install python3 python3-venv >&2
}

make_environment() {
    local base
    base=$(find_python) || { install_python && base=$(find_python); } ||
        die "Python 3.11 or newer is required: install it, or set PYTHON=..."
    note "creating .venv with $base"
    rm -rf "$root/.venv"
    "$base" -P -m venv "$root/.venv" || die "cannot create .venv with $base"
}

set_up() {
    local wanted=$1 stamp now
    "$python" -P -c '' 2>/dev/null || make_environment
    stamp=$root/.venv/.rawbpf-$wanted
    now=$(sha256sum "$root/pyproject.toml")
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return
    note "installing rawbpf and its dependencies into .venv"
    local packages=(-e "$root")
    [ "$wanted" = dev ] && mapfile -t -O 2 packages < <("$python" "$root/tools/lib/dev_packages.py")
    "$python" -P -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2 ||
        die "pip could not install the packages in pyproject.toml"
    printf '%s\n' "$now" >"$stamp"
}
