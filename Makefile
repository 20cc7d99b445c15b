SHELL := /bin/bash
export PATH := $(CURDIR)/.tools:$(PATH)
# Every module of the workspace, each tested the way a third party builds it.
# An empty list would let every check pass on nothing, so it is an error.
modules = $(or $(shell GOWORK=$(CURDIR)/go.work go list -m -f '{{.Dir}}'),$(error no modules in go.work))
each = set -e; for dir in $(modules); do cd $$dir; GOWORK=off

VERSION = 0.1.0
# Reproducible: no paths, no version control stamp, no build id; cgo would cost memory and start.
gobuild = GOWORK=off CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -buildid= $(1)'

# What go-auth0 knows of the requests that a plugin's tools send.
auth0types = cd tools && GOWORK=off go run ./auth0types $(CURDIR)/plugins/$(1)/testdata/auth0types.json $(2)

.PHONY: help build demo test fuzz bench soak e2e e2e-desktop desktop-packages desktop-programs lint generate tidy clean tools

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/auth0-mcp and its plugins in bin/plugins
	rm -rf bin && mkdir -p bin/plugins
	cd plugins/bundle && $(call gobuild,) -o $(CURDIR)/bin/plugins/auth0-mcp-plugins .
	bin/plugins/auth0-mcp-plugins manifests bin/plugins
	bundled=$$(bin/plugins/auth0-mcp-plugins digests bin/plugins) && cd host && \
		$(call gobuild,-X main.version=$(VERSION) -X "main.bundledPlugins='"$$bundled"'") -o $(CURDIR)/bin/auth0-mcp ./cmd/auth0-mcp

demo: build ## Build, and show the main job on the sandbox tenant
	cd host && GOWORK=off go run ./cmd/auth0-mcp-demo $(CURDIR)/bin/auth0-mcp

test: ## Run every module's tests with the race detector
	$(each) go test -race ./...; done

# Each target's corpus is in its package's testdata/fuzz; a finding is written there
# too, and is committed with its repair. What is merely new stays in Go's cache.
FUZZTIME = 10s
fuzz: ## Run every fuzz target for FUZZTIME, one after the other, until the first finding
	@set -eo pipefail; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; ran=0; for dir in $(modules); do cd $$dir; \
	while IFS=: read -r file target; do \
		[ -n "$$target" ] || continue; \
		GOWORK=off go test -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME) -parallel 2 $$(dirname $$file) >"$$log" 2>&1 || { cat "$$log"; exit 1; }; \
		printf '%-20s %s\n' "$${target#func }" "$$(grep -o 'execs: [0-9]*' "$$log" | tail -1 | grep . || echo 'execs: the corpus alone, and the cache')"; ran=$$((ran+1)); \
	done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sort); done; \
	[ $$ran -gt 0 ] || { echo "no fuzz targets were found" >&2; exit 1; }

bench: build ## Measure start, calls, memory and tools/list of the built server; then the benchmarks
	cd host && GOWORK=off go run ./cmd/auth0-mcp-bench $(CURDIR)/bin/auth0-mcp
	cd host && GOWORK=off go test -run '^$$' -bench . -benchmem ./internal/...

# How long, and the seed of a run to repeat: make soak SOAK=2h SEED=7
SOAK = 2m
SEED =
soak: build ## Strain the built server for SOAK (2m): callers, kills, faults; every promise is counted
	cd host && GOWORK=off go run ./cmd/auth0-mcp-soak -duration $(SOAK) $(if $(SEED),-seed $(SEED)) $(CURDIR)/bin/auth0-mcp

# One file after the other: ten processes at once, a browser and a keychain want both cores.
e2etest = cd e2e && npm ci --silent --ignore-scripts && node --test --test-concurrency=1 --test-timeout=300000

e2e: build ## Drive the binary with foreign MCP clients, and a third party's plugin
	$(e2etest) *.test.mjs
	e2e/third-party.sh

e2e-desktop: desktop-programs build ## Sign in with a real browser, terminal and keychain (Debian's chromium, tmux, dbus, gnome-keyring)
	$(e2etest) desktop/*.test.mjs
	cd host && GOWORK=off go test -count=1 -tags keyring -run 'TestSecretService$$' ./internal/auth

desktop_packages = chromium tmux dbus-daemon dbus-bin gnome-keyring openssl
desktop-packages:
	@echo $(desktop_packages)

# A test that is left out proves nothing: a program that is missing is an error.
desktop-programs:
	@missing=; for program in chromium tmux dbus-daemon dbus-send gnome-keyring-daemon openssl; do \
		command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] || { echo "e2e-desktop: missing:$$missing. On Debian: apt-get install $(desktop_packages)" >&2; exit 1; }

lint: tools ## Run golangci-lint on every module
	$(each) golangci-lint run --config $(CURDIR)/.golangci.yml ./...; done

generate: tools ## Generate the contract's Go code, Auth0's types for tests, and the README's table of tools
	buf lint && buf generate
	$(call auth0types,applications,CreateClientRequestContent UpdateClientRequestContent)
	$(call auth0types,resourceservers,CreateResourceServerRequestContent UpdateResourceServerRequestContent)
	$(call auth0types,actions,CreateActionRequestContent UpdateActionRequestContent)
	$(call auth0types,forms,CreateFormRequestContent UpdateFormRequestContent)
	cd host && GOWORK=off go run ./cmd/auth0-mcp-readme $(CURDIR)/README.md $(sort $(wildcard $(CURDIR)/plugins/*/manifest.json))

tidy: ## Tidy every module
	$(each) go mod tidy; done

tools: ## Build the pinned tools into .tools
	@mkdir -p .tools && cd tools && GOWORK=off go build -o ../.tools/ tool

clean: ## Remove what was built
	rm -rf bin .tools
