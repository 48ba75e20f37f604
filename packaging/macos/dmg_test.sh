#!/bin/sh
# Install the application from its disk image into a folder, start its port, end it: sh packaging/macos/dmg_test.sh IMAGE
set -eu

image=${1:?usage: dmg_test.sh IMAGE}
temporary=$(mktemp -d)
volume=$temporary/volume
app=$temporary/Preheat.app
PREHEAT_HOME=$temporary/home
export PREHEAT_HOME

cleanup() {
    "$app/Contents/MacOS/preheat" quit --now >/dev/null 2>&1 || true
    hdiutil detach -quiet "$volume" 2>/dev/null || true
    rm -rf "$temporary"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

hdiutil attach -quiet -nobrowse -readonly -mountpoint "$volume" "$image"
[ -L "$volume/Applications" ]
ditto "$volume/Preheat.app" "$app"
hdiutil detach -quiet "$volume"
codesign --verify --deep --strict "$app"
[ "$(/usr/libexec/PlistBuddy -c 'Print :LSUIElement' "$app/Contents/Info.plist")" = true ]

"$app/Contents/MacOS/preheat" version
"$app/Contents/MacOS/preheat-tray" --version
"$app/Contents/MacOS/preheat" serve --port 0 >"$temporary/serve.out" 2>&1 &
tries=0
until [ -f "$PREHEAT_HOME/runtime/engine.json" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || {
        cat "$temporary/serve.out" >&2
        exit 1
    }
    sleep 0.1
done
"$app/Contents/MacOS/preheat" status
"$app/Contents/MacOS/preheat" quit
wait "$!"
echo "dmg_test.sh: $image is good"
