#!/usr/bin/env bash
# Provides helm (4), helm3 and kubeconform for the tests of the chart, in bin/helm/: built once from the Go modules beside
# this file. What HELM_ASSETS has already is left to it. In bin/helm/crds the CRDs of others that the chart can make objects
# of, from their own modules. Runs side by side wait for each other.
set -euo pipefail
cd "$(dirname "$0")"

out=$(cd ../.. && pwd)/bin/helm
# What is there was made from other versions when this differs.
stamp=$(cat go.mod go.sum v3/go.{mod,sum} crds/go.{mod,sum} | cksum)

say() { echo "helm-assets: $*"; }
fail() { echo "helm-assets: $*" >&2; exit 1; }

mkdir -p "$out"
if command -v flock >/dev/null; then
  exec 9>"$out/.lock"
  flock -n 9 || { say 'another run is at it, waiting for it'; flock 9; }
fi
if [ "$(cat "$out/made-from" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$out"/{helm,helm3,kubeconform,crds}
  echo "$stamp" >"$out/made-from"
fi
has() { [ -x "$out/$1" ] || { [ -n "${HELM_ASSETS:-}" ] && [ -x "$HELM_ASSETS/$1" ]; }; }
version() { awk -v module="$1" '$1 == module && $2 ~ /^v/ {print $2; exit}' "$2"; }

build() { # name, module folder, package, ldflags
  has "$1" && return
  command -v go >/dev/null ||
    fail 'needs Go 1.26 or newer (https://go.dev/dl), or helm, helm3 and kubeconform in the folder that HELM_ASSETS names'
  local began=$SECONDS
  say "building $1 (all three take minutes the first time, and are kept)"
  # On the same file system, so that a binary appears whole or not at all.
  (cd "$2" && CGO_ENABLED=0 GOWORK=off go build -mod=readonly -buildvcs=false -trimpath -ldflags "-s -w $4" \
    -o "$out/.$1" "$3" 2> >(grep -v '^go: downloading ' >&2 || true))
  mv "$out/.$1" "$out/$1"
  say "built $1 in $((SECONDS - began)) s"
}

crds() { # module, its files
  local folder file
  folder=$(cd crds && GOWORK=off go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  for file in "${@:2}"; do install -m 644 "$folder/$file" "$out/.crds/"; done
}

helm4=$(version helm.sh/helm/v4 go.mod)
helm3=$(version helm.sh/helm/v3 v3/go.mod)
build helm . helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=$helm4"
# Helm 3 takes a cluster to be of Kubernetes 1.20 where its build says nothing.
minor=$(version k8s.io/client-go v3/go.mod | cut -d. -f2)
of=helm.sh/helm/v3/pkg
build helm3 v3 helm.sh/helm/v3/cmd/helm "-X helm.sh/helm/v3/internal/version.version=$helm3 \
  -X $of/chartutil.k8sVersionMajor=1 -X $of/chartutil.k8sVersionMinor=$minor \
  -X $of/lint/rules.k8sVersionMajor=1 -X $of/lint/rules.k8sVersionMinor=$minor"
build kubeconform . github.com/yannh/kubeconform/cmd/kubeconform ''
if ! [ -d "$out/crds" ]; then
  command -v go >/dev/null || fail 'needs Go 1.26 or newer (https://go.dev/dl) for the CRDs of others'
  rm -rf "$out/.crds" && mkdir "$out/.crds"
  crds github.com/cert-manager/cert-manager deploy/crds/cert-manager.io_certificates.yaml
  crds github.com/prometheus-operator/prometheus-operator \
    example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml
  crds sigs.k8s.io/gateway-api config/crd/standard/gateway.networking.k8s.io_{httproutes,backendtlspolicies}.yaml
  mv "$out/.crds" "$out/crds"
fi
say "Helm $helm4 and $helm3 and kubeconform are in ${HELM_ASSETS:+$HELM_ASSETS and }$out"
