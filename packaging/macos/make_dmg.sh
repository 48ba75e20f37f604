#!/bin/sh
# Make a disk image with the application and a link to the Applications folder:
#   sh packaging/macos/make_dmg.sh dist/Preheat.app dist
# Prints the image's path: dist/preheat-VERSION-macos-MACHINE.dmg
set -eu

app=${1:?usage: make_dmg.sh APP FOLDER}
folder=${2:?usage: make_dmg.sh APP FOLDER}
version=$(/usr/libexec/PlistBuddy -c 'Print :CFBundleShortVersionString' "$app/Contents/Info.plist")
image=$folder/preheat-$version-macos-$(uname -m).dmg

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
trap 'exit 130' INT TERM

# ditto keeps signatures and links, which cp -R may not.
ditto "$app" "$temporary/Preheat/Preheat.app"
ln -s /Applications "$temporary/Preheat/Applications"
mkdir -p "$folder"
hdiutil create -quiet -ov -volname "Preheat $version" -fs APFS -format ULMO -srcfolder "$temporary/Preheat" "$image"
hdiutil verify -quiet "$image"
echo "$image"
