#!/bin/sh
# Install Preheat for this user, without root: ./install.sh [--prefix DIR]
#
# The program goes to DIR/opt/preheat, links to it to DIR/bin, and its desktop entry, icons, manual pages and
# completions to DIR/share. DIR is ~/.local by default. Run it again, from a newer archive, to upgrade: a running
# Preheat completes its requests, and starts again afterwards.
set -eu

usage() {
    echo "Usage: ./install.sh [--prefix DIR]"
    echo "  --prefix DIR  where to install, by default ~/.local"
}

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

prefix=.default.
while [ $# -gt 0 ]; do
    case "$1" in
        --prefix)
            [ $# -ge 2 ] || fail "--prefix needs a folder"
            prefix=$2
            shift 2
            ;;
        --prefix=*)
            prefix=${1#--prefix=}
            shift
            ;;
        -h | --help)
            usage
            exit 0
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
done
case "$prefix" in
    .default.)
        [ -n "${HOME:-}" ] || fail "HOME does not name a home folder: choose a folder with --prefix"
        prefix=$HOME/.local
        ;;
    "") fail "--prefix needs a folder" ;;
esac
case "$prefix" in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
case "$prefix" in
    *"
"*) fail "the folder must not have a line break in its name" ;;
esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
[ -x "$here/preheat/preheat" ] || fail "$here has no Preheat: run install.sh from the unpacked archive"
[ "$(uname -s)/$(uname -m)" = "Linux/@MACHINE@" ] || fail "this archive is for Linux on @MACHINE@"
program=$prefix/opt/preheat
marker=$program.upgrading
[ ! -e "$program" ] || [ -x "$program/preheat" ] || fail "$program exists and is not Preheat: move it away first"
# Their bin belongs to the system's packages.
case "$(CDPATH='' cd -- "$prefix" 2> /dev/null && pwd -P)" in
    / | // | /usr) fail "$prefix belongs to the system: choose /usr/local, or another folder" ;;
esac
mkdir -p "$prefix/opt" "$prefix/bin" "$prefix/share" || fail "$prefix cannot be written"

# The new copy is complete before the old one ends.
rm -rf "$program.new"
trap 'rm -rf "$program.new" "$marker"' EXIT
trap 'exit 1' HUP INT TERM
cp -R -P -p "$here/preheat" "$program.new" || fail "$prefix/opt has too little space, or cannot be written"
cp "$here/uninstall.sh" "$program.new/uninstall.sh"
printf '%s\n' "$prefix" > "$program.new/prefix" # which links may hide from uninstall.sh
version=$("$program.new/preheat" version | sed 's/^preheat //')
[ -n "$version" ] || fail "the program does not run: the archive is damaged, or $prefix may not have programs"
if [ -e "$program" ]; then
    # Processes that end while the marker exists start again when it is gone.
    : > "$marker"
    "$here/preheat/end-running" "$program"
    rm -rf "$program.old"
    mv "$program" "$program.old"
fi
mv "$program.new" "$program"
rm -rf "$program.old"

for name in preheat preheat-tray; do
    ln -sfn "$program/$name" "$prefix/bin/$name" # not relative: bin may itself be a link
done
cp -R -P "$here/share/." "$prefix/share/"

# A desktop need not have the folder in its PATH. Quoted as the desktop entry specification demands: for the quotes
# first, then for the key.
escaped=$(printf '%s' "$program/preheat-tray" | sed -e 's/["`$\\]/\\&/g' -e 's/\\/\\\\/g' -e 's/%/%%/g')
try=$(printf '%s' "$program/preheat-tray" | sed -e 's/\\/\\\\/g')
entry=$prefix/share/applications/preheat.desktop
while IFS= read -r line; do
    case "$line" in
        Exec=*) printf 'Exec="%s"\n' "$escaped" ;;
        TryExec=*) printf 'TryExec=%s\n' "$try" ;;
        *) printf '%s\n' "$line" ;;
    esac
done < "$here/share/applications/preheat.desktop" > "$entry"

# Only a cache that exists hides new icons.
if [ -e "$prefix/share/icons/hicolor/icon-theme.cache" ]; then
    gtk-update-icon-cache -q "$prefix/share/icons/hicolor" 2> /dev/null || true
fi

echo "Preheat $version is installed in $program."
case ":${PATH:-}:" in
    *":$prefix/bin:"*) echo "Start it from the menu, or with: preheat-tray" ;;
    *) echo "Start it from the menu, or with: $prefix/bin/preheat-tray ($prefix/bin is not in PATH)" ;;
esac
echo "To remove it: $program/uninstall.sh"
