#!/bin/sh
# Remove a Preheat that install.sh has installed: uninstall.sh [--purge] [--yes]
#
# Settings, models and recorded usage stay, except with --purge, which lists them and asks first.
set -eu

usage() {
    echo "Usage: uninstall.sh [--purge] [--yes]"
    echo "  --purge  also delete this user's settings, models and recorded usage"
    echo "  --yes    do not ask"
}

purge=
yes=
for option in "$@"; do
    case "$option" in
        --purge) purge=1 ;;
        --yes) yes=1 ;;
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

program=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix=${program%/opt/preheat}
if [ -f "$program/prefix" ]; then prefix=$(cat "$program/prefix"); fi
# shellcheck disable=SC3013  # dash, bash and busybox have -ef; POSIX has it since 2024
if [ ! -x "$program/end-running" ] || [ ! "$prefix/opt/preheat" -ef "$program" ]; then
    echo "uninstall.sh: run the copy in the folder opt/preheat of the installation" >&2
    exit 1
fi

case "${HOME:-}" in
    /*) ;;
    *)
        echo "uninstall.sh: HOME does not name a home folder" >&2
        exit 1
        ;;
esac
# The specification ignores relative paths.
absolute() {
    case "$1" in
        /*) printf '%s\n' "$1" ;;
        *) printf '%s\n' "$2" ;;
    esac
}
config=$(absolute "${XDG_CONFIG_HOME:-}" "$HOME/.config")
data=$(absolute "${XDG_DATA_HOME:-}" "$HOME/.local/share")
cache=$(absolute "${XDG_CACHE_HOME:-}" "$HOME/.cache")
# The user's own data, then what starts this installation.
user_data="$config/preheat
$data/preheat
$cache/preheat"
starters="$config/autostart/preheat.desktop
$config/systemd/user/preheat.service"

if [ -n "$purge" ] && [ -z "$yes" ]; then
    echo "This deletes the settings, the models and the recorded usage:"
    printf '%s\n' "$user_data" | while IFS= read -r path; do
        if [ -e "$path" ]; then du -sh "$path"; fi
    done
    printf 'Delete them? [y/N] '
    answer=
    read -r answer || true
    case "$answer" in
        y | Y | yes) ;;
        *)
            echo "Nothing was removed."
            exit 1
            ;;
    esac
fi

# Units of systemd have the path in another form.
in_unit=$(printf '%s' "$program/" | sed -e 's/["\\]/\\&/g' -e 's/%/%%/g')
starts_this() {
    [ -f "$1" ] && grep -qF -e "$program/" -e "$in_unit" "$1"
}
if starts_this "$config/systemd/user/preheat.service"; then
    "$program/preheat" service remove || true
fi
"$program/end-running" "$program"
printf '%s\n' "$starters" | while IFS= read -r path; do
    if starts_this "$path"; then rm -f "$path"; fi
done
for name in preheat preheat-tray; do
    # shellcheck disable=SC3013
    if [ -L "$prefix/bin/$name" ] && [ "$prefix/bin/$name" -ef "$program/$name" ]; then rm -f "$prefix/bin/$name"; fi
done
# Empty folders are the user's own; those of the system, as in /usr/local, stay.
owner=system
case "$prefix" in "$HOME"/*) owner=user ;; esac
while IFS= read -r place; do
    rm -f "$prefix/share/$place"
    [ "$owner" = user ] || continue
    folder=$(dirname "$prefix/share/$place")
    while [ "$folder" != "$prefix" ] && rmdir "$folder" 2> /dev/null; do folder=$(dirname "$folder"); done
done < "$program/installed-files"
if [ -n "$purge" ]; then
    printf '%s\n' "$user_data" | while IFS= read -r path; do
        rm -rf "$path"
    done
fi
rm -rf "$program" "$program.upgrading"
if [ "$owner" = user ]; then rmdir "$prefix/opt" "$prefix/bin" 2> /dev/null || true; fi
if [ -n "$purge" ]; then
    echo "Preheat and this user's data are removed."
else
    echo "Preheat is removed. Settings, models and recorded usage stay in:"
    printf '%s\n' "$user_data" | while IFS= read -r path; do
        if [ -e "$path" ]; then printf '  %s\n' "$path"; fi
    done
fi
