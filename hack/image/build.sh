#!/usr/bin/env bash
# Builds the image of the Dockerfile without a daemon, into bin/image/: oci.tar, digest, rootfs/ and its config.json,
# sbom.spdx.json. BUILD_IMAGE and BASE_IMAGE name the images it builds on; without them, and where no registry can be
# reached, stand-ins are made. hack/image/build.sh FOLDER builds into another folder, from the beginning.
set -euo pipefail
shopt -s extglob
cd "$(dirname "$0")"
. ./buildah.sh
. ./bases.sh

out=$image_bin
[ $# -eq 0 ] || { mkdir -p "$1" && out=$(cd "$1" && pwd); }
say() { echo "image: $*"; }
export npm_config_update_notifier=false

[ "$(uname -s)" = Linux ] || { say 'needs Linux' >&2; exit 1; }
mkdir -p "$image_bin"
exec 8>"$image_bin/.lock"
flock -n 8 || { say 'another run is at it, waiting for it'; flock 8; }
# Without root: as root of a user namespace of one's own.
if [ "$(id -u)" -ne 0 ] && [ -z "${IN_USERNS:-}" ]; then
  command -v newuidmap >/dev/null || { say 'needs root, or newuidmap (uidmap) and a range of ids in /etc/subuid' >&2; exit 1; }
  exec unshare --user --map-root-user --map-auto --mount env IN_USERNS=1 "$PWD/build.sh" "$@"
fi
# Of a run that was ended.
rm -rf "$image_bin"/.{base,buildah,work,npm,ca}*
# A build's folders are only read by what reads them as a file system: what is there is replaced, never mended.
stamp=$(cat ../../Dockerfile ../../package.json ../../package-lock.json ../../tsconfig*.json ../../LICENSE ./*.sh ./*.ts \
  {runtime,stand-in}/package-lock.json $(find ../../src -type f | LC_ALL=C sort) | cksum)
if [ $# -eq 0 ] && [ "$(cat "$out/made-from" 2>/dev/null)" = "$stamp" ]; then
  say "bin/image is up to date: $(cat "$out/digest")"
  exit
fi
began=$SECONDS
buildah_assets
bases=$(cat ./*.sh {runtime,stand-in}/package-lock.json | cksum)
if [ -z "${BASE_IMAGE:-}" ] && [ "$(cat "$image_bin/bases-from" 2>/dev/null)" != "$bases" ]; then
  say 'making stand-ins for the base images from Debian packages'
  rm -f "$image_bin/bases-from"
  run_base
  build_base
  echo "$bases" >"$image_bin/bases-from"
fi

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' ../../package.json)
revision=${REVISION:-$(git -C ../.. rev-parse HEAD 2>/dev/null || echo unknown)}
epoch=${SOURCE_DATE_EPOCH:-$(git -C ../.. log -1 --format=%ct 2>/dev/null || echo 0)}
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The machine's own way to a registry, and the CAs that it trusts; nothing of it stays in a layer.
: >"$work/npmrc"
setting() { npm config get "$1" 2>/dev/null; }
registry=$(setting registry)
echo "registry=$registry" >>"$work/npmrc"
[ ! -f "$HOME/.npmrc" ] || cat "$HOME/.npmrc" >>"$work/npmrc"
ca=$(setting cafile)
[ -f "$ca" ] || ca=/etc/ssl/certs/ca-certificates.crt
volumes=()
if [ -f "$ca" ]; then
  echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >>"$work/npmrc"
  volumes+=(--volume "$ca:/etc/ssl/certs/ca-certificates.crt:ro")
fi
mkdir -p "$image_bin/npm-cache"
volumes+=(--volume "$image_bin/npm-cache:/npm-cache")
printf '%s\n' cache=/npm-cache loglevel=error update-notifier=false >>"$work/npmrc"

say 'building'
buildah bud --quiet --no-cache --isolation chroot --network host --signature-policy "$image_bin/buildah/policy.json" \
  --identity-label=false --timestamp "$epoch" --format oci --tag localhost/trustmint:"$version" \
  --secret "id=npmrc,src=$work/npmrc" "${volumes[@]}" \
  --build-arg "BUILD_IMAGE=${BUILD_IMAGE:-localhost/stand-in/node-bookworm}" \
  --build-arg "BASE_IMAGE=${BASE_IMAGE:-localhost/stand-in/cc-debian12}" \
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$epoch" \
  -f ../../Dockerfile ../.. >"$work/id"
buildah push --quiet --signature-policy "$image_bin/buildah/policy.json" --digestfile "$work/digest" \
  localhost/trustmint:"$version" "oci-archive:$work/oci.tar:$version"
buildah rmi --prune --force >/dev/null 2>&1 || true

node unpack.ts "$work/oci.tar" "$work/rootfs" "$work/config.json"
SOURCE_DATE_EPOCH=$epoch node sbom.ts "$work/rootfs" "$(cat "$work/digest")" >"$work/sbom.spdx.json"
rm -f "$work/id" "$work/npmrc" "$out/made-from"
for name in oci.tar digest config.json sbom.spdx.json rootfs; do
  rm -rf "${out:?}/$name"
  mv "$work/$name" "$out/$name"
done
[ $# -ne 0 ] || echo "$stamp" >"$out/made-from"
say "$(cat "$out/digest") in $((SECONDS - began)) s: $(du -sm "$out/rootfs" | cut -f1) MB unpacked, $(du -sm "$out/oci.tar" | cut -f1) MB to pull"
