# make needs Go and git; what needs more says so and is left out.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all

# Programs, a folder each; what is built has the folder's name.
programs := ./host/cmd/patchbay ./host/internal/hostile/cmd/connector-hostile $(sort $(wildcard ./plugins/*/cmd/connector-*))
# Modules of their own, which "./..." does not reach.
examples := $(patsubst %/go.mod,%,$(sort $(wildcard examples/*/go.mod)))
# Where hand-written Go is; scripts/tools has none, and .tools is not ours.
sources := $(sort $(wildcard host plugins proto sdk scripts docs examples))

# Go refuses to build where git refuses to talk (no repository, another owner).
ifneq ($(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo yes),yes)
export GOFLAGS += -buildvcs=false
endif
# $(call in-examples,command) runs a command in each module of its own.
in-examples = @for module in $(examples); do (set -x; cd "$$module" && $(1)) || exit 1; done
# The race detector needs a C compiler.
race := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: all
all: build test ## build and test (what "make" does)

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## put the gateway and all connectors into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ $(programs)

.PHONY: run
run: build ## run the gateway with all connectors on localhost:8000, until Ctrl-C
	@go build -o .run/run ./scripts/run
	@exec .run/run

.PHONY: test
test: ## run all tests
	@$(if $(race),,echo "no C compiler: the tests run without the race detector")
	go test -timeout 20m $(race) ./...
	$(call in-examples,go test $(race) ./...)

.PHONY: demo
demo: build ## play the whole story against real processes
	@go build -o .run/demo ./scripts/demo
	@exec .run/demo

.PHONY: bench
bench: build ## measure what carrying a call costs
	@go build -o .run/bench ./scripts/bench
	@exec .run/bench

DURATION ?= 1m
SEED ?= 0
.PHONY: chaos
chaos: build ## break everything under load, and compare with the PSP's ledger: DURATION=10m SEED=7
	@CGO_ENABLED=0 go build -trimpath -o .run/chaos/ ./scripts/chaos/connector-misfit ./scripts/chaos
	@cp bin/patchbay bin/connector-sandbox .run/chaos/
	@exec .run/chaos/chaos -bin .run/chaos -duration $(DURATION) -seed $(SEED)

.PHONY: figures
figures: ## measure in full what docs/reliability.md promises, and write its table
	@go build -o .run/figures ./scripts/figures
	@PATCHBAY_FIGURES=1 go test -count=1 -timeout 30m -p 1 -v ./host/e2e ./host/internal/gateway ./host/internal/supervise 2>&1 | grep --line-buffered -E 'figure:|^(FAIL|ok|panic:)|--- FAIL' | .run/figures

FUZZTIME ?= 1m
.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (default 1m)
	scripts/fuzz $(FUZZTIME)

.PHONY: generate
generate: ## lint and format the .proto files and write what is made of them
	scripts/generate

.PHONY: check
check: check-format check-vet check-lint check-layers check-generated check-modules check-shell check-sbom check-vulnerabilities ## everything that must hold before a change is merged

.PHONY: check-format
check-format:
	@echo "gofmt -l $(sources)"
	@unformatted=$$(gofmt -l $(sources)); [[ -z $$unformatted ]] || { echo "not formatted:"; echo "$$unformatted"; exit 1; }

.PHONY: check-vet
check-vet:
	go vet ./...
	$(call in-examples,go vet ./...)

.PHONY: check-lint
check-lint:
	scripts/tool golangci-lint run ./...
	$(call in-examples,../../scripts/tool golangci-lint run ./...)

.PHONY: check-layers
check-layers:
	go test -count=1 ./scripts/layers

.PHONY: check-generated
check-generated:
	scripts/generate --check

.PHONY: check-modules
check-modules:
	go mod tidy -diff
	$(call in-examples,go mod tidy -diff)

.PHONY: check-shell
check-shell:
	@if command -v shellcheck >/dev/null; then \
		(set -x; shellcheck .ci/run scripts/ci-install scripts/fuzz scripts/generate scripts/tool scripts/grpcurl examples/*/generate examples/*/bundle); \
	else \
		echo "shellcheck is not installed: bash scripts are not checked"; \
	fi

.PHONY: check-sbom
check-sbom: build
	go run ./scripts/sbom $(addprefix bin/,$(notdir $(programs))) > bin/sbom.cdx.json

.PHONY: check-vulnerabilities
check-vulnerabilities:
	@if curl -sf --max-time 20 -o /dev/null https://vuln.go.dev/index/db.json; then \
		(set -x; scripts/tool govulncheck ./...); \
	else \
		echo "the vulnerability database at vuln.go.dev can't be reached: known vulnerabilities are not looked for"; \
	fi
