#!/bin/sh
# Sign Preheat.app, and have Apple notarise it: sh packaging/macos/sign_and_notarise.sh dist/Preheat.app
#
# From the environment, all of it or nothing:
#   APPLE_CERTIFICATE           a "Developer ID Application" certificate with its key, as .p12 in base64
#   APPLE_CERTIFICATE_PASSWORD  of that file
#   APPLE_TEAM_ID, APPLE_ID     of the developer account
#   APPLE_APP_PASSWORD          an app-specific password of that account
# Without them, the application gets an ad-hoc signature: it runs on this Mac, and elsewhere only after the user allows it.
set -eu

app=${1:?usage: sign_and_notarise.sh APP}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Inner files first: a signature seals what is below it.
sign_all() {
    find "$app/Contents" -type f \( -name '*.so' -o -name '*.dylib' \) -exec codesign --force "$@" {} +
    find "$app/Contents/MacOS" -type f -perm -u+x -exec codesign --force "$@" {} +
    codesign --force "$@" "$app"
    codesign --verify --deep --strict "$app"
}

if [ -z "${APPLE_CERTIFICATE:-}" ]; then
    echo "sign_and_notarise.sh: no certificate; the signature is ad hoc" >&2
    # Not with the hardened runtime: without a team, it would refuse the application's own libraries.
    sign_all --sign -
    exit 0
fi
: "${APPLE_CERTIFICATE_PASSWORD:?}" "${APPLE_TEAM_ID:?}" "${APPLE_ID:?}" "${APPLE_APP_PASSWORD:?}"

temporary=$(mktemp -d)
keychain=$temporary/preheat.keychain-db
earlier=$(security list-keychains -d user | tr -d '"')
# Also if a step fails: the key must not stay on a machine that others use.
cleanup() {
    # shellcheck disable=SC2086 # one argument for each keychain
    security list-keychains -d user -s $earlier
    security delete-keychain "$keychain" 2>/dev/null || true
    rm -rf "$temporary"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

password=$(uuidgen)
printf '%s' "$APPLE_CERTIFICATE" | base64 --decode >"$temporary/certificate.p12"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -u -t 3600 "$keychain"
security unlock-keychain -p "$password" "$keychain"
security import "$temporary/certificate.p12" -k "$keychain" -P "$APPLE_CERTIFICATE_PASSWORD" -T /usr/bin/codesign
security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
# shellcheck disable=SC2086 # one argument for each keychain
security list-keychains -d user -s "$keychain" $earlier

identity=$(security find-identity -v -p codesigning "$keychain" | awk '/Developer ID Application/ { print $2; exit }')
[ -n "$identity" ] || {
    echo "sign_and_notarise.sh: the certificate is no 'Developer ID Application'" >&2
    exit 1
}
sign_all --sign "$identity" --options runtime --timestamp --entitlements "$here/entitlements.plist"

ditto -c -k --keepParent "$app" "$temporary/preheat.zip"
xcrun notarytool submit "$temporary/preheat.zip" --wait \
    --apple-id "$APPLE_ID" --team-id "$APPLE_TEAM_ID" --password "$APPLE_APP_PASSWORD"
xcrun stapler staple "$app"
spctl --assess --type execute --verbose "$app"
