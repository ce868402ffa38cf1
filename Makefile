# `make help` lists the targets. The lab (control plane and AWS emulator on this machine) is dev/lab.py.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help check test fmt-check clippy deny test-all generate generated-current chart-lint lab demo demo-up demo-down bench clean-lab

PYTHON ?= python3
PARTS ?= objects,fleet,large
CHART := charts/aws-database-operator
AWSDB := cargo run --quiet --locked --bin awsdb --

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Pure tests only, the inner loop: no lab, 30 s at most when nothing but our code changed
	cargo test --locked --lib --test architecture

test: lab fmt-check clippy deny test-all generated-current chart-lint ## Everything, with its own set-up
	@echo "everything passed"

fmt-check: ## Formatting as rustfmt has it
	cargo fmt --check

clippy: ## Lints, warnings denied
	cargo clippy --locked --all-targets -- -D warnings

deny: lab ## Licences, sources and banned crates of the dependencies (advisories need a network that CI has not)
	"$$($(PYTHON) dev/lab.py path cargo-deny)" --offline --log-level error check --hide-inclusion-graph bans licenses sources

test-all: lab ## All tests inside a lab
	$(PYTHON) dev/lab.py run -- cargo test --locked

generate: ## CRDs and reference from the types, and the chart's copy of the CRDs
	$(AWSDB) crds --dir crds
	$(AWSDB) reference --dir docs/reference
	rm -f $(CHART)/files/crds/*.yaml
	cp crds/*.yaml $(CHART)/files/crds/

generated-current: ## Fails when `make generate` would change a file
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(AWSDB) crds --dir "$$fresh/crds"; \
	$(AWSDB) reference --dir "$$fresh/reference"; \
	{ diff -r "$$fresh/crds" crds && diff -r "$$fresh/reference" docs/reference \
	  && diff -r --exclude=.gitkeep "$$fresh/crds" $(CHART)/files/crds; } \
	|| { echo "generated files are not current: run make generate and commit the result" >&2; exit 1; }

chart-lint: lab ## helm lint
	"$$($(PYTHON) dev/lab.py path helm)" lint $(CHART) --set installation=lint

lab: ## Build or find the lab's tools (first time: about ten minutes)
	$(PYTHON) dev/lab.py build

demo: ## Shows the operator end to end on this machine, then stops everything
	$(PYTHON) dev/demo.py

demo-up: ## As demo, with the examples applied, and leaves it running
	$(PYTHON) dev/demo.py up

demo-down: ## Ends what demo-up left running
	$(PYTHON) dev/demo.py down

bench: ## Figures of the release build against their bars (about an hour after the build; less with PARTS=objects)
	$(PYTHON) dev/bench.py --parts $(PARTS)

clean-lab: ## Removes the lab's tools from the user's cache; the next build takes minutes again
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/awsdb"
