# shellcheck shell=bash
# -P (Python 3.11) keeps Python from importing files in the current folder, such as venv.py.
#
# Shared by tools/run, tools/test and tools/fetch-kernel: create a virtual environment with this
# package. To be sourced; sets $python to the path of the interpreter.
#
#   set_up run      the package and its dependencies
#   set_up dev      the development tools, too
#
# The output of pip and apt is written to build/setup.log.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$root/.venv/bin/python
setup_log=$root/build/setup.log

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    note "$@"
    exit 1
}

# Run a command that takes a while: show one line, and write the command's output to the log. If the
# command fails, show the end of the log. On a terminal, the line disappears at the end.
logged() {
    local what=$1 status=0
    shift
    mkdir -p "$(dirname "$setup_log")"
    printf '\n# %s\n' "$what" >>"$setup_log"
    if [ -t 2 ]; then printf '\r\033[K%s: %s ...' "${0##*/}" "$what" >&2; else note "$what"; fi
    ("$@") >>"$setup_log" 2>&1 || status=$?
    [ -t 2 ] && printf '\r\033[K' >&2
    [ "$status" = 0 ] && return
    note "failed: $what; the last lines of $setup_log:"
    tail -n 15 "$setup_log" >&2
    return "$status"
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
    logged "installing python3 and python3-venv" apt_python
}

apt_python() {
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qqy install python3 python3-venv
}

make_environment() {
    local base
    base=$(find_python) || { install_python && base=$(find_python); } ||
        die "Python 3.11 or newer is required: install it, or set PYTHON=..."
    rm -rf "$root/.venv"
    logged "creating .venv with $base" "$base" -P -m venv "$root/.venv" ||
        die "cannot create .venv with $base"
}

set_up() {
    local wanted=$1 stamp now
    "$python" -P -c '' 2>/dev/null || make_environment
    stamp=$root/.venv/.rawbpf-$wanted
    now=$(sha256sum "$root/pyproject.toml")
    [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && return
    local packages=(-e "$root")
    [ "$wanted" = dev ] && mapfile -t -O 2 packages < <("$python" "$root/tools/lib/dev_packages.py")
    logged "installing rawbpf and its dependencies into .venv" \
        "$python" -P -m pip install --disable-pip-version-check --progress-bar off "${packages[@]}" ||
        die "pip could not install the packages in pyproject.toml"
    printf '%s\n' "$now" >"$stamp"
}
