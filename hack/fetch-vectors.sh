#!/usr/bin/env bash
# Fetches the published test vectors, each at a fixed commit, to the folder that TRUSTMINT_VECTORS names
# (default ../shared/vectors). They are data of other projects and are not kept in this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
dest=${TRUSTMINT_VECTORS:-../shared/vectors}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

clone() { # owner/name commit
  git init -q "$tmp/$1"
  git -C "$tmp/$1" fetch -q --depth 1 "https://github.com/$1" "$2"
  git -C "$tmp/$1" checkout -q FETCH_HEAD
}

clone C2SP/wycheproof dac1dd4729fd1f8dd9e1e9f3dce51d783da6c166
mkdir -p "$dest/wycheproof" "$dest/libmacaroons"
for f in json_web_signature json_web_crypto json_web_key json_web_encryption hmac_sha256; do
  cp "$tmp/C2SP/wycheproof/testvectors_v1/${f}_test.json" "$dest/wycheproof/"
done
cp "$tmp/C2SP/wycheproof/LICENSE" "$dest/wycheproof/"

clone rescrv/libmacaroons ca0211d8633c270b73e803cf7c2269f3b81cf530
cp "$tmp"/rescrv/libmacaroons/test/unit/{*.vtest,serialization_?} "$tmp/rescrv/libmacaroons/LICENSE" "$dest/libmacaroons/"
echo "vectors are in $dest"
