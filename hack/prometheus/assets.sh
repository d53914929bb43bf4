#!/usr/bin/env bash
# Provides prometheus and promtool for the tests of alerts and dashboards, in bin/prometheus/: built once from the Go module
# beside this file, without the web pages and without service discovery in clouds. What PROMETHEUS_ASSETS has already is left
# to it.
set -euo pipefail
. "$(dirname "$0")/../assets.sh"

assets_in prometheus PROMETHEUS_ASSETS go.mod go.sum -- promtool prometheus
for name in promtool prometheus; do
  build "$name" . "github.com/prometheus/prometheus/cmd/$name" -tags remove_all_sd -ldflags '-s -w'
done
say "Prometheus $(version github.com/prometheus/prometheus) is in $where"
