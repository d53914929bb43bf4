#!/usr/bin/env bash
# Debian packages as files: hack/debs.sh DIR PACKAGE… downloads what is not there yet. Nothing is installed and no root
# is needed: apt keeps its lists below bin/apt, and checks them by the machine's keys.
set -euo pipefail
dir=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
state=$root/bin/apt
command -v apt-get >/dev/null || { echo "debs: needs apt-get, of Debian 12 or what is made from it" >&2; exit 1; }
mkdir -p "$dir" "$state/lists/partial" "$state/archives/partial"
options=(-qq -o APT::Sandbox::User=root -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state"
  -o Dir::State::status=/dev/null -o Acquire::Retries=3)
if command -v flock >/dev/null; then
  exec 9>"$state/.lock"
  flock 9
fi

lacks=()
for name in "$@"; do
  compgen -G "$dir/${name}_*.deb" >/dev/null || lacks+=("$name")
done
[ ${#lacks[@]} -eq 0 ] && exit 0
dir=$(cd "$dir" && pwd)
fetch() { (cd "$dir" && apt-get "${options[@]}" download "${lacks[@]}"); }
# Lists of an hour ago may name what the mirror no longer has.
if [ -z "$(find "$state/lists" -maxdepth 1 -name '*Packages*' -mmin -60 -print -quit)" ] || ! fetch 2>/dev/null; then
  apt-get "${options[@]}" update
  fetch
fi
