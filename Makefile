SHELL := /bin/bash
export PATH := $(CURDIR)/.tools:$(PATH)
# Every module of the workspace, each tested the way a third party builds it.
# An empty list would let every check pass on nothing, so it is an error.
modules = $(or $(shell GOWORK=$(CURDIR)/go.work go list -m -f '{{.Dir}}'),$(error no modules in go.work))
each = set -e; for dir in $(modules); do cd $$dir; GOWORK=off

.PHONY: help test lint generate tidy clean tools

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## Run every module's tests with the race detector
	$(each) go test -race ./...; done

lint: tools ## Run golangci-lint on every module
	$(each) golangci-lint run --config $(CURDIR)/.golangci.yml ./...; done

generate: tools ## Generate the Go code of the wire contract
	buf lint && buf generate

tidy: ## Tidy every module
	$(each) go mod tidy; done

tools: ## Build the pinned tools into .tools
	@mkdir -p .tools && cd tools && GOWORK=off go build -o ../.tools/ tool

clean: ## Remove what was built
	rm -rf bin .tools
