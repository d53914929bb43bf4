#!/usr/bin/env bash
# Provides helm (4), helm3 and kubeconform for the tests of the chart, in bin/helm/: built once from the Go modules beside
# this file. What HELM_ASSETS has already is left to it. In bin/helm/crds the CRDs of others that the chart can make objects
# of, from their own modules.
set -euo pipefail
. "$(dirname "$0")/../assets.sh"

crds() { # module, its files
  local folder file
  folder=$(cd crds && GOWORK=off go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  for file in "${@:2}"; do install -m 644 "$folder/$file" "$out/.crds/"; done
}

assets_in helm HELM_ASSETS go.mod go.sum v3/go.{mod,sum} crds/go.{mod,sum} -- helm helm3 kubeconform crds
helm4=$(version helm.sh/helm/v4)
helm3=$(version helm.sh/helm/v3 v3/go.mod)
build helm . helm.sh/helm/v4/cmd/helm -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$helm4"
# Helm 3 takes a cluster to be of Kubernetes 1.20 where its build says nothing.
minor=$(version k8s.io/client-go v3/go.mod | cut -d. -f2)
of=helm.sh/helm/v3/pkg
build helm3 v3 helm.sh/helm/v3/cmd/helm -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=$helm3 \
  -X $of/chartutil.k8sVersionMajor=1 -X $of/chartutil.k8sVersionMinor=$minor \
  -X $of/lint/rules.k8sVersionMajor=1 -X $of/lint/rules.k8sVersionMinor=$minor"
build kubeconform . github.com/yannh/kubeconform/cmd/kubeconform -ldflags '-s -w'
if ! [ -d "$out/crds" ]; then
  command -v go >/dev/null || fail "$needed"
  rm -rf "$out/.crds" && mkdir "$out/.crds"
  crds github.com/cert-manager/cert-manager deploy/crds/cert-manager.io_certificates.yaml
  crds github.com/prometheus-operator/prometheus-operator \
    example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml
  crds sigs.k8s.io/gateway-api config/crd/standard/gateway.networking.k8s.io_{httproutes,backendtlspolicies}.yaml
  mv "$out/.crds" "$out/crds"
fi
say "Helm $helm4 and $helm3 and kubeconform are in $where"
