#!/usr/bin/env bash
# Provides spire-server and spire-agent for the end-to-end tests, in bin/spire/: built once from the Go module beside this
# file. What SPIRE_ASSETS has already is left to it.
set -euo pipefail
. "$(dirname "$0")/../assets.sh"

assets_in spire SPIRE_ASSETS go.mod go.sum -- spire-server spire-agent
for name in spire-server spire-agent; do
  has "$name" || command -v "${CC:-cc}" >/dev/null || fail 'needs a C compiler: the server keeps its entries in SQLite'
  CGO_ENABLED=1 build "$name" . "github.com/spiffe/spire/cmd/$name" -ldflags '-s -w'
done
say "SPIRE $(version github.com/spiffe/spire) is in $where"
