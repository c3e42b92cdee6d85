# keyrotation: see README.md. Every target finds a JDK 25 by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export JAVA_HOME := $(shell for d in "$$JAVA_HOME" /usr/lib/jvm/*25* /usr/lib/jvm/*26* /opt/java/*25*; do \
  [ -n "$$d" ] && [ -x "$$d/bin/javac" ] && "$$d/bin/javac" -version 2>&1 | grep -qE 'javac (2[5-9]|[3-9][0-9])' && echo $$d && break; done)
MVN := mvn -B -ntp
# Versions of LiteLLM: schemas for the database tests, and those that run under load.
LITELLM_SCHEMAS := 1.80.17 1.100.4 1.108.4
LITELLM_VERSIONS := 1.108.4 1.100.4

.PHONY: help
help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: check
check: ## fast: style, compile, unit tests, copies up to date
	helm/sync-crds.sh --check
	e2e/parts/migrations.sh $(LITELLM_SCHEMAS)
	e2e/parts/redis.sh >/dev/null
	e2e/parts/pgbouncer.sh >/dev/null
	$(MVN) -q verify -Dquarkus.build.skip=true

.PHONY: test
test: ## everything that can fail: unit, database, API server, end to end with real LiteLLM
	e2e/parts/migrations.sh $(LITELLM_SCHEMAS)
	e2e/parts/redis.sh >/dev/null
	e2e/parts/pgbouncer.sh >/dev/null
	e2e/parts/gitops.sh >/dev/null
	e2e/parts/previous.sh >/dev/null
	e2e/cluster/with-apiserver.sh $(MVN) verify org.cyclonedx:cyclonedx-maven-plugin:makeBom -Dsurefire.excludedGroups=
	helm/test.sh
	e2e/tests/image.sh
	e2e/tests/together.sh kill.sh host.sh
	e2e/tests/mixed.sh
	OPERATOR_ARCHIVE=$(CURDIR)/target/keyrotation-image.tar e2e/tests/rotation.sh 1.108.4
	TLS=1 e2e/tests/rotation.sh 1.100.4
	e2e/tests/marks.sh 1.108.4
	e2e/tests/upgrade.sh 1.108.4
	e2e/tests/tutorial.sh

.PHONY: test-long
test-long: package ## the load test, a leaked key, no salt key, the alerts by promtool, the whole kill matrix; takes an hour
	for version in $(LITELLM_VERSIONS); do e2e/tests/load.sh $$version || exit 1; done
	e2e/tests/leak.sh 1.108.4
	e2e/tests/no-salt.sh 1.100.4
	e2e/tests/upgrade.sh 1.108.4 Drain
	e2e/tests/kill.sh --long
	helm/rules/test.sh

.PHONY: demo
demo: ## rotate both keys of a real LiteLLM on a real Kubernetes (KEEP=1 leaves it running)
	e2e/demo/demo.sh

.PHONY: demo-host
demo-host: ## the same for a host without a cluster: systemd, an env file; and what the old runbook does to a copy of the data
	e2e/demo/host.sh

.PHONY: package
package: ## build target/quarkus-app without tests, and target/sbom.json
	$(MVN) -q package org.cyclonedx:cyclonedx-maven-plugin:makeBom -DskipTests

.PHONY: image
image: package ## build the operator's image as an OCI archive, target/keyrotation-image.tar, without an engine or a registry
	e2e/image.sh

.PHONY: bench
bench: package ## ratios of speed and memory, as in benchmarks/README.md (VALUES="6000 60000 600000", COUNTS="1 1000 10000")
	benchmarks/reencryption.sh $(VALUES)
	benchmarks/start.sh
	benchmarks/scale.sh $(COUNTS)

.PHONY: format
format: ## format the Java code
	$(MVN) -q spotless:apply

.PHONY: crd
crd: ## generate deploy/crds, its copy in helm/ and docs/reference.md from the Java types
	$(MVN) -q test -Dtest='CustomResourceDefinitionTest,ReferenceTest' -Dcrd.update=true
	helm/sync-crds.sh
