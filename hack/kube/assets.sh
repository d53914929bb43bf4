#!/usr/bin/env bash
# Provides etcd, kube-apiserver, kube-controller-manager and kubectl for the end-to-end tests, in bin/k8s/.
# With the internet, official binaries; without, built once from the Go modules beside this file. What KUBEBUILDER_ASSETS
# has already is left to it.
set -euo pipefail
. "$(dirname "$0")/../assets.sh"

envtest=sigs.k8s.io/controller-runtime/tools/setup-envtest@v0.25.1
index=https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml
programs=(etcd kubectl kube-apiserver kube-controller-manager)
assets_in k8s KUBEBUILDER_ASSETS go.mod go.sum etcd/go.mod etcd/go.sum -- "${programs[@]}"
version=$(version k8s.io/kubernetes)
# On this file system, so that a binary appears whole or not at all.
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

lacks_any() { for name in "$@"; do has "$name" || return 0; done; return 1; }
keep() { chmod 755 "$work/$1" && mv "$work/$1" "$out/$1"; }

download() {
  local path name
  local setup=(go run "$envtest")
  command -v setup-envtest >/dev/null && setup=(setup-envtest)
  path=$("${setup[@]}" use "${version#v}" --bin-dir "$work/envtest" -p path) ||
    path=$("${setup[@]}" use "$(echo "${version#v}" | cut -d. -f1,2).x" --bin-dir "$work/envtest" -p path) || return 1
  for name in etcd kube-apiserver kubectl; do
    has "$name" || { cp "$path/$name" "$work/$name" && keep "$name"; } || return 1
  done
}

download_controller_manager() {
  local url sum
  url=https://dl.k8s.io/release/$version/bin/$(go env GOOS)/$(go env GOARCH)/kube-controller-manager
  sum=$(curl -fsSL --max-time 30 "$url.sha256") || return 1
  curl -fsSL --max-time 600 -o "$work/kube-controller-manager" "$url" || return 1
  [ "$(openssl dgst -sha256 -r "$work/kube-controller-manager" | cut -d' ' -f1)" = "${sum%% *}" ] || return 1
  keep kube-controller-manager
}

if lacks_any "${programs[@]}"; then
  command -v go >/dev/null || fail "$needed"
  if curl -fsSL --connect-timeout 5 --max-time 30 -o /dev/null "$index" 2>/dev/null; then
    if lacks_any etcd kube-apiserver kubectl; then
      say "downloading Kubernetes $version"
      download || say 'the download failed'
    fi
    has kube-controller-manager || download_controller_manager || say 'kube-controller-manager: the download failed'
  else
    say 'no official binaries within reach, building them from Go modules'
  fi
  IFS=. read -r major minor _ <<<"${version#v}"
  at=k8s.io/component-base/version
  ldflags="-X $at.gitVersion=$version -X $at.gitMajor=$major -X $at.gitMinor=$minor"
  build etcd etcd go.etcd.io/etcd/server/v3 -ldflags '-s -w'
  for name in kubectl kube-apiserver kube-controller-manager; do
    build "$name" . "k8s.io/kubernetes/cmd/$name" -ldflags "-s -w $ldflags"
  done
fi
say "Kubernetes $version and etcd are in $where"
