#!/usr/bin/env bash
# Provides zsh and fish for the tests of completion, in bin/shells/: Debian's packages, unpacked and not installed.
set -euo pipefail
cd "$(dirname "$0")"

out=$(cd ../.. && pwd)/bin/shells
packages=(zsh zsh-common fish fish-common libpcre2-32-0 libtinfo6 libcap2)
stamp=$(cat assets.sh ../debs.sh | cksum)
say() { echo "shells-assets: $*"; }

mkdir -p "$out"
if command -v flock >/dev/null; then
  exec 8>"$out/.lock"
  flock -n 8 || { say 'another run is at it, waiting for it'; flock 8; }
fi
if [ "$(cat "$out/made-from" 2>/dev/null)" != "$stamp" ]; then
  work=$(mktemp -d "$out/.work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  rm -rf "$out"/{debs,root,made-from}
  ../debs.sh "$out/debs" "${packages[@]}"
  for name in "${packages[@]}"; do dpkg -x "$out/debs/$name"_*.deb "$work"; done
  # The documentation is most of it.
  rm -rf "$work"/usr/share/{doc,man,locale,info}
  chmod 755 "$work"
  mv "$work" "$out/root"
  echo "$stamp" >"$out/made-from"
fi
say "zsh and fish are in $out/root/usr/bin"
