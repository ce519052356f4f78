#!/usr/bin/env bash
# Builds the Dockerfile without a Docker engine and asks the result something.
#
# Needs root, buildah, and for the base image debootstrap or BASE. Settings:
#   BASE            a base image that buildah already has; without it one is made of Debian
#   SUITE           the Debian release for that (bookworm)
#   EXTRAS          as in the Dockerfile (llamacpp,otel)
#   BUILD_OPTIONS   more options for `buildah bud`, such as --volume for a package cache
#   PORT            where the server listens (18080)
#   KEEP=1          keeps the images
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
suite=${SUITE:-bookworm} extras=${EXTRAS-llamacpp,otel} port=${PORT:-18080}
work=$(mktemp -d)
container=""

build() { buildah --storage-driver vfs "$@"; }

finish() {
    [ -z "$container" ] || build rm "$container" >/dev/null || true
    [ "${KEEP:-}" = 1 ] || build rmi --force picoserve-check >/dev/null 2>&1 || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

make_base() {
    echo "== base image: Debian $suite"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,libgomp1 \
        "$suite" "$work/base" >"$work/debootstrap.log"
    # A machine behind a proxy may have certificates of its own.
    cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/"
    local scratch
    scratch=$(build from scratch)
    build add --quiet "$scratch" "$work/base" / >/dev/null
    build commit --quiet --rm "$scratch" picoserve-check-base >/dev/null
    rm -rf --one-file-system "$work/base"
}

base=${BASE:-localhost/picoserve-check-base}
[ -n "${BASE:-}" ] || build inspect --type image "$base" >/dev/null 2>&1 || make_base

echo "== build"
# shellcheck disable=SC2086 # options are words
build bud --pull-never --isolation chroot --format docker \
    --build-arg "BASE=$base" --build-arg "EXTRAS=$extras" ${BUILD_OPTIONS:-} \
    --tag picoserve-check "$here"

echo "== run"
container=$(build from --pull-never picoserve-check)
root=$(build mount "$container")
build inspect --type image picoserve-check >"$work/image.json"
python3 "$here/scripts/image_check.py" "$root" "$work/image.json" "$port"
