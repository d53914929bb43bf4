# Sourced by hack/*/assets.sh, each of which provides programs for the tests in bin/<name>/: made once, kept until what they
# are made from changes, whole or not at all, and by one run at a time. Works in the folder of the script that sources it.
cd "$(dirname "${BASH_SOURCE[1]}")"
assets=$(basename "$PWD")

say() { echo "$assets-assets: $*"; }
fail() { echo "$assets-assets: $*" >&2; exit 1; }

# assets_in FOLDER VARIABLE FILES… -- NAMES…: bin/FOLDER is for NAMES, made from FILES; what the folder that the environment
# names by VARIABLE has already is left to it. Sets `out` and `where`.
assets_in() {
  out=$(cd ../.. && pwd)/bin/$1
  given=${!2:-}
  where=${given:+$given and }$out
  needed="needs Go 1.26 or newer (https://go.dev/dl), or what is missing in the folder that $2 names"
  shift 2
  local files=() stamp
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  mkdir -p "$out"
  if command -v flock >/dev/null; then
    exec 9>"$out/.lock"
    flock -n 9 || { say 'another run is at it, waiting for it'; flock 9; }
  fi
  stamp=$(cat "${files[@]}" | cksum)
  if [ "$(cat "$out/made-from" 2>/dev/null)" != "$stamp" ]; then
    (cd "$out" && rm -rf "$@")
    echo "$stamp" >"$out/made-from"
  fi
}

has() { [ -x "$out/$1" ] || { [ -n "$given" ] && [ -x "$given/$1" ]; }; }

# The version of a module in a go.mod.
version() { awk -v module="$1" '$1 == module && $2 ~ /^v/ {print $2; exit}' "${2:-go.mod}"; }

# build NAME FOLDER PACKAGE [FLAGS…]: by the module in FOLDER, with more flags of `go build`. Not if it is there.
build() {
  local name=$1 folder=$2 package=$3 began=$SECONDS
  shift 3
  has "$name" && return
  command -v go >/dev/null || fail "$needed"
  say "building $name (which takes minutes the first time, and is kept)"
  # On the same file system, so that a binary appears whole or not at all.
  (cd "$folder" && CGO_ENABLED=${CGO_ENABLED:-0} GOWORK=off go build -mod=readonly -buildvcs=false -trimpath "$@" \
    -o "$out/.$name" "$package" 2> >(grep -v '^go: downloading ' >&2 || true))
  mv "$out/.$name" "$out/$name"
  say "built $name in $((SECONDS - began)) s"
}
