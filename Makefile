SHELL := /bin/bash
.DEFAULT_GOAL := help
ARGS ?=
# npm installs by the machine's own node, beside which are its settings for all (registry, proxy, CA).
NPM_CI := PATH='$(PATH)' npm ci --no-audit --no-fund --loglevel=error
# npm finds the project's own Node 24 here, whatever the machine's is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

##@ Start here
.PHONY: demo
demo: install ## Issuer and mint on free ports; real signed tokens become macaroons. ARGS=--once exits at the end
	@node hack/demo/run.ts $(ARGS)

.PHONY: test
test: install ## The whole suite (ARGS=test/policy/*.test.ts for a part)
	@mocha $(if $(ARGS),$(ARGS),'test/**/*.test.ts')

##@ Development
.PHONY: install
install: node_modules/.package-lock.json ## Install the pinned dependencies

node_modules/.package-lock.json: package.json package-lock.json
	@$(NPM_CI)
	@touch $@

.PHONY: lint
lint: install ## Formatting, types, the architecture's arrows, generated files
	@npm run --silent lint

.PHONY: format
format: install ## Write the formatting that lint asks for
	@npm run --silent format

.PHONY: generate
generate: install ## Write what is generated: CRDs, reference, the chart's README and schema, the dashboard
	@npm run --silent generate

.PHONY: bench
bench: install ## Side-by-side measurements (ARGS=--quick for a short run)
	@node bench/run.ts $(ARGS)

.PHONY: bench-operator
bench-operator: install kube-assets ## Changes served by 3 replicas, and 10,000 policies, on a real API server (ARGS=--quick)
	@node bench/operator.ts $(ARGS)

.PHONY: bench-capacity
bench-capacity: install kube-assets ## What one replica takes in a cluster: CPU of an exchange, memory by policies (ARGS=--quick)
	@node bench/capacity.ts $(ARGS)

.PHONY: bench-revocation
bench-revocation: install kube-assets ## How soon a revocation is in force in 3 replicas and an offline verifier (ARGS=--quick)
	@node bench/revocation.ts $(ARGS)

.PHONY: bench-agents
bench-agents: install ## Memory and lookup time of 100,000 and 1,000,000 registrations (ARGS=--quick)
	@node --max-old-space-size=4096 bench/agents.ts $(ARGS)

.PHONY: build
build: install ## dist/ as it is published
	@npm run --silent build

.PHONY: image
image: install ## The container image, built without a daemon: bin/image/{oci.tar,digest,rootfs,sbom.spdx.json}
	@hack/image/build.sh

.PHONY: docs
docs: install site/node_modules/.package-lock.json ## docs/ as a site in site/dist; every link and anchor of it is looked at
	@cd site && npm run --silent build
	@node hack/site/check.ts

site/node_modules/.package-lock.json: site/package.json site/package-lock.json
	@cd site && $(NPM_CI)
	@touch $@

.PHONY: test-e2e
test-e2e: install kube-assets spire-assets prometheus-assets helm-assets shells-assets image ## End-to-end, against a real Kubernetes API server (ARGS=test/e2e/crds.test.ts for a part)
	@mocha --config test/e2e/.mocharc.json $(if $(ARGS),$(ARGS),'test/e2e/**/*.test.ts')

.PHONY: soak
soak: install kube-assets ## A real cluster, a model of every answer, a fault every few seconds (ARGS="--minutes=10 --seed=1")
	@node test/e2e/soak/main.ts $(ARGS)

.PHONY: kube-assets
kube-assets: ## etcd and the Kubernetes binaries that the tests need: downloaded or built once, kept in bin/k8s
	@hack/kube/assets.sh

.PHONY: spire-assets
spire-assets: ## SPIRE's server and agent for the end-to-end tests: built once, kept in bin/spire
	@hack/spire/assets.sh

.PHONY: prometheus-assets
prometheus-assets: ## Prometheus and promtool for the tests of alerts and dashboards: built once, kept in bin/prometheus
	@hack/prometheus/assets.sh

.PHONY: helm-assets
helm-assets: ## Helm and kubeconform for the tests of the chart: built once, kept in bin/helm
	@hack/helm/assets.sh

.PHONY: shells-assets
shells-assets: ## zsh and fish for the tests of completion: Debian's packages, unpacked to bin/shells
	@hack/shells/assets.sh

.PHONY: cluster
cluster: install kube-assets ## A real API server with the operator in it, and what to try; serves until Ctrl-C (ARGS=--tenancy=single)
	@node hack/kube/cluster.ts $(ARGS)

.PHONY: vectors
vectors: ## Fetch the published test vectors to ../shared/vectors (needs the internet)
	@hack/fetch-vectors.sh

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
