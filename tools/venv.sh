#!/bin/sh
# Create a virtual environment if it is not there, and install dependency groups into it.
#
#   tools/venv.sh DIRECTORY            the distributions, editable
#   tools/venv.sh DIRECTORY GROUP...   and the groups of these names from every pyproject.toml that has them
#
# PYTHON names the interpreter; without it the first of python3, python3.14 ... python3.10 that is new enough.
set -eu

directory=$1
shift

usable() {
    # Running it is the only proof: version managers install shims that end with "command not found".
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        if usable "$PYTHON"; then
            echo "$PYTHON"
            return
        fi
        echo "PYTHON=$PYTHON is not a Python of at least 3.10 with the venv and ensurepip modules." >&2
        return 1
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "No Python of at least 3.10 with the venv and ensurepip modules was found." >&2
    echo "python3 is: $(python3 --version 2>&1 | head -n 1)" >&2
    echo "Install one (on Debian and Ubuntu with its python3-venv package), or name it: make PYTHON=/path/to/python" >&2
    return 1
}

python="$directory/bin/python"
if ! usable "$python"; then
    base=$(find_python)
    echo "Creating $directory with $("$base" --version)"
    "$base" -m venv --clear "$directory"
fi

pip() {
    "$python" -m pip --disable-pip-version-check "$@"
}

# --group came with pip 25.1; a fresh virtual environment of an older Python brings an older pip.
if ! "$python" -c 'import pip, sys; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (25, 1))'; then
    pip install --quiet --upgrade 'pip>=25.1'
fi

set -- "$@" --
while [ "$1" != -- ]; do
    group=$1
    shift
    for project in pyproject.toml plugins/[a-z]*/pyproject.toml; do
        if sed -n '/^\[dependency-groups\]/,/^\[tool/p' "$project" | grep -q "^$group = "; then
            set -- "$@" --group "$project:$group"
        fi
    done
done
shift

# Made before the distribution was renamed, or another project's: both have our import name.
if "$python" -c 'from importlib.metadata import distribution; distribution("mailcore")' 2>/dev/null; then
    echo "Uninstalling the distribution mailcore from $directory: ours is mailcore-esp"
    pip uninstall --quiet --yes mailcore
fi

# What builds each of them, once: pip would install it for each anew, which takes most of its time.
pip install --quiet 'hatchling>=1.27' 'editables>=0.5'

# One command for all of it: the plugins' requirement of mailcore is then met by the tree beside them.
set -- "$@" --no-build-isolation --editable .
for project in plugins/[a-z]*/pyproject.toml; do
    set -- "$@" --editable "${project%/pyproject.toml}"
done
echo "Installing into $directory (a minute at first, nothing afterwards)"
pip install --quiet "$@"
