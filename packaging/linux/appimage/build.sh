#!/bin/sh
# Build an AppImage from the archive that `make package` has made: build.sh ARCHIVE.tar.gz OUTPUT.AppImage
#
# RECIPE ONLY: not built and not tested by this project; its releases have no AppImage. It needs appimagetool
# (https://appimage.github.io/appimagetool/) in PATH.
#
# An AppImage runs from a mounted file system image with its own copy of everything, so that an upgrade of the file
# does not disturb a running Preheat. `preheat service install` and "Start at login" refer to the mount, which is gone
# after the process: use the .deb or the archive for these.
set -eu

archive=$1
output=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/AppDir/usr/lib" "$work/AppDir/usr/bin"
tar -xzf "$archive" -C "$work" --strip-components=1
mv "$work/preheat" "$work/AppDir/usr/lib/preheat"
mv "$work/share" "$work/AppDir/usr/share"
ln -s ../lib/preheat/preheat "$work/AppDir/usr/bin/preheat"
ln -s ../lib/preheat/preheat-tray "$work/AppDir/usr/bin/preheat-tray"
cp "$work/AppDir/usr/share/applications/preheat.desktop" "$work/AppDir/"
cp "$work/AppDir/usr/share/icons/hicolor/256x256/apps/preheat.png" "$work/AppDir/"

# With a command, such as "serve", the AppImage is the command line; without one, the tray.
cat > "$work/AppDir/AppRun" << 'SCRIPT'
#!/bin/sh
case "${1-}" in
    "" | --login | --set | --set=*) exec "$APPDIR/usr/bin/preheat-tray" "$@" ;;
    *) exec "$APPDIR/usr/bin/preheat" "$@" ;;
esac
SCRIPT
chmod +x "$work/AppDir/AppRun"

ARCH=$(uname -m) appimagetool --no-appstream "$work/AppDir" "$output"
