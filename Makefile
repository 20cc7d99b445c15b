SHELL := /bin/bash
export PATH := $(CURDIR)/.tools:$(PATH)
# Every module of the workspace, each tested the way a third party builds it.
# An empty list would let every check pass on nothing, so it is an error.
modules = $(or $(shell GOWORK=$(CURDIR)/go.work go list -m -f '{{.Dir}}'),$(error no modules in go.work))
each = set -e; for dir in $(modules); do cd $$dir; GOWORK=off

VERSION = 0.1.0

# The platform to build for is this machine's, unless GOOS and GOARCH say otherwise. Only
# the binaries are built for it: whatever runs during a build runs on this machine.
unexport GOOS GOARCH
machine := $(subst $(eval ) ,_,$(shell go env GOHOSTOS GOHOSTARCH))
os := $(or $(GOOS),$(firstword $(subst _, ,$(machine))))
arch := $(or $(GOARCH),$(lastword $(subst _, ,$(machine))))
exe := $(if $(filter windows,$(os)),.exe)
bin := $(CURDIR)/bin$(if $(filter-out $(machine),$(os)_$(arch)),/$(os)_$(arch))
platforms = linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64 windows_arm64
# BUILT=1 runs what is in bin already.
built = $(if $(BUILT),,build)

# Reproducible: no paths, no version control stamp, no build id; cgo would cost memory and start. gRPC's pages of recent
# calls, which nothing serves, would make the linker keep every method of every type in a plugin, a fifth of it.
goflags = -trimpath -buildvcs=false -tags grpcnotrace
seal = GOWORK=off go run $(goflags) ./cmd/manifests
gobuild = GOWORK=off CGO_ENABLED=0 GOOS=$(os) GOARCH=$(arch) go build $(goflags) -ldflags '-s -w -buildid= $(1)'

.PHONY: help build build-all demo pictures test fuzz bench soak e2e e2e-tutorial e2e-desktop e2e-windows \
	desktop-programs windows-programs packages-programs missing-packages snapshot release dist e2e-packages version lint generate \
	managementapi-check sandbox-check recordings-check breaking tidy clean tools release-tools

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/auth0-mcp and its plugins; with GOOS and GOARCH into bin/GOOS_GOARCH
	rm -rf $(bin)/auth0-mcp$(exe) $(bin)/auth0-mcp-fetch$(exe) $(bin)/plugins && mkdir -p $(bin)/plugins
	cd plugins/bundle && $(call gobuild,) -o $(bin)/plugins/auth0-mcp-plugins$(exe) ./cmd/auth0-mcp-plugins
	cd plugins/wrap && $(call gobuild,) -o $(bin)/plugins/auth0-mcp-wrap$(exe) ./cmd/auth0-mcp-wrap
	digests=$$(cd plugins/bundle && $(seal) $(bin)/plugins/auth0-mcp-plugins$(exe)) && cd host && $(call gobuild, \
		-X main.version=$(VERSION) -X "main.bundledPlugins='"$$digests"'") -o $(bin)/auth0-mcp$(exe) ./cmd/auth0-mcp
	cd host && $(call gobuild,) -o $(bin)/auth0-mcp-fetch$(exe) ./cmd/auth0-mcp-fetch

# Two at a time, because a linker uses one processor.
build-all: ## Build for all six platforms
	@printf '%s\n' $(platforms) | xargs -P 2 -I{} sh -c \
		'platform={}; $(MAKE) --no-print-directory build GOOS=$${platform%_*} GOARCH=$${platform#*_}'

demo: $(built) ## Build, and show the main job on the sandbox tenant
	cd host && GOWORK=off go run ./cmd/auth0-mcp-demo $(CURDIR)/bin/auth0-mcp

pictures: $(built) ## Draw the pictures of the documentation from what the built binary prints
	cd host && GOWORK=off go run ./cmd/auth0-mcp-pictures $(CURDIR)/bin/auth0-mcp $(CURDIR)/docs/images

# Each launch of a plugin makes keys of P-521; the race detector leaves out that arithmetic of Go's, which shares nothing
# and would be a third of a launch. Packages with generic code or of their own locks cannot be left out, such as
# encoding/json: the linker keeps one copy of each instance for the whole program, so that the detector would no longer
# see, for instance, what sync.Map orders.
race = -race -gcflags=crypto/internal/fips140/nistec/...=-race=false
# Many tests wait for processes, so that more than two at a time keep two cores busy: three modules, of which host has
# the most, and four tests of each package. The time limit is for a machine that does other work as well.
test: ## Run every module's tests with the race detector
	{ echo $(CURDIR)/host ./cmd/... ./internal/...; printf '%s ./...\n' $(filter-out $(CURDIR)/host,$(modules)); } | \
		xargs -P 3 -L 1 sh -c 'cd "$$0" && GOWORK=off go test $(race) -p 3 -parallel 4 -timeout 20m "$$@"'
	@# These read files of the repository that Go's test cache does not watch, and share nothing.
	cd host && GOWORK=off go test -count=1 . && GOWORK=off go test -count=1 -run '^TestDocumented' ./internal/cli
	cd tools && GOWORK=off go test ./managementapi... ./pluginschemas ./sandboxcheck ./internal/...
	cd packaging && GOWORK=off go test ./...

# Each target's corpus is in its package's testdata/fuzz; a finding is written there too,
# and is committed with its fix. New inputs that fail nothing stay in Go's cache.
FUZZTIME = 10s
fuzz: ## Run every fuzz target for FUZZTIME, one after the other, until the first finding
	@set -eo pipefail; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; ran=0; for dir in $(modules); do cd $$dir; \
	while IFS=: read -r file target; do \
		[ -n "$$target" ] || continue; \
		GOWORK=off go test -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME) -parallel 2 \
			$$(dirname $$file) >"$$log" 2>&1 || { cat "$$log"; exit 1; }; \
		execs=$$(grep -o 'execs: [0-9]*' "$$log" | tail -1 | grep . || echo 'execs: the corpus alone, and the cache'); \
		printf '%-20s %s\n' "$${target#func }" "$$execs"; ran=$$((ran+1)); \
	done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sort); done; \
	[ $$ran -gt 0 ] || { echo "no fuzz targets were found" >&2; exit 1; }

# PEER=1 installs Auth0's npm server into a temporary folder and measures it in the same run; BRIEF=1 only shows
# that the measurements run.
bench: $(built) ## Measure the built server, with PEER=1 beside Auth0's npm server; then the benchmarks
	cd host && GOWORK=off go run ./cmd/auth0-mcp-bench $(if $(PEER),-peer) $(if $(BRIEF),-brief) $(CURDIR)/bin/auth0-mcp
	$(if $(BRIEF),,@set -e; for dir in host sdk managementapi; do cd $(CURDIR)/$$dir; \
		GOWORK=off go test -run '^$$' -bench . -benchmem ./...; done)

# How long, and the seed of a run to repeat: make soak SOAK=2h SEED=7
SOAK = 2m
SEED =
soak: $(built) ## Load the built server for SOAK (2m) with kills and faults, and count every call
	cd host && GOWORK=off go run ./cmd/auth0-mcp-soak -duration $(SOAK) $(if $(SEED),-seed $(SEED)) $(CURDIR)/bin/auth0-mcp

# One file after the other: ten processes, a browser and a keychain need both cores.
nodetest = node --test --test-concurrency=1 --test-timeout=600000
e2etest = cd e2e && npm ci --silent --ignore-scripts && $(nodetest)

# Plugins that are made of tables share their code: users stands for them.
examined = actions applications diagnosis export forms logs management resourceservers users

e2e: $(built) ## Drive the binary with other MCP clients, and a third party's plugin
	$(e2etest) *.test.mjs
	e2e/third-party.sh
	printf '%s\n' $(examined) | xargs -P 4 -I{} sh -c 'out=$$(bin/auth0-mcp plugin conformance \
		bin/plugins/{}.manifest.json 2>&1) && echo "{} keeps the contract" || { echo "$$out"; exit 1; }'

e2e-tutorial: $(built) ## Run the commands of docs/plugins/tutorial.md in an empty folder
	$(e2etest) tutorial.test.mjs

e2e-desktop: desktop-programs $(built) ## Sign in with a real browser, terminal and keychain
	$(e2etest) desktop/*.test.mjs
	cd host && GOWORK=off go test -count=1 -tags keyring -run 'TestSecretService$$' ./internal/auth

# Runs the build for windows/amd64.
e2e-windows: windows-programs ## Run the Windows build under Wine
	$(if $(BUILT),,$(MAKE) --no-print-directory build GOOS=windows GOARCH=amd64)
	cd e2e && $(nodetest) windows/*.test.mjs

# MINISIGN_KEY is the file of a secret key, beside its public key in FILE.pub; MINISIGN_PASSWORD its password.
# THROWAWAY_KEY=1 signs with a key that is made for it, to test signing.
signing = $(if $(THROWAWAY_KEY),$(CURDIR)/bin/throwaway,$(MINISIGN_KEY))
packaging = cd packaging && GOWORK=off go run $(goflags) .
# All files have the time of the commit.
goreleaser = export VERSION=$(VERSION) GORELEASER_CURRENT_TAG=v$(VERSION) MINISIGN_KEY=$(signing) \
	MINISIGN_PUBLIC_KEY=$(addsuffix .pub,$(signing)) \
	DATE=$$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ); \
	goreleaser release --clean
# The others are found in folders by platform, so that this machine's are, too.
each-platform = ln -sfn . bin/$(machine)

snapshot: release-tools $(if $(BUILT),,build-all) ## Make the files of a release in dist: archives, packages, image, bundles, npm, indexes
	$(each-platform)
	$(if $(THROWAWAY_KEY),minisign -GfW -s $(signing) -p $(signing).pub >/dev/null)
	$(goreleaser) --snapshot $(if $(signing),,--skip=sign)
	cp bin/extra/* dist
	$(if $(signing),cp $(signing).pub dist/minisign.pub,@echo "not signed: MINISIGN_KEY is not set")
	$(packaging) modules -version $(VERSION) -root $(CURDIR) -out $(CURDIR)/dist/goproxy

# Reads GITHUB_TOKEN. The commit is tagged, and nothing is changed beside it.
release: release-tools build-all ## Make a release of the tag v VERSION and publish it: docs/releasing.md
	$(each-platform)
	$(goreleaser)

# A team's own release, in dist/team: make dist PLUGINS=logs,applications DISTRIBUTION=acme.json PLATFORMS=linux_amd64
dist: release-tools ## Make a distribution with PLUGINS, PLUGIN_SOURCES and DISTRIBUTION: docs/teams.md
	export DATE=$$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ); \
	$(packaging) dist -version $(VERSION) -root $(CURDIR) -plugins "$(PLUGINS)" -sources "$(PLUGIN_SOURCES)" \
		-distribution "$(DISTRIBUTION)" -platforms "$(PLATFORMS)" $(if $(RELEASE),-config $(abspath $(RELEASE))) \
		-out $(or $(OUT),$(CURDIR)/dist/team)

e2e-packages: packages-programs ## Install and run what make snapshot THROWAWAY_KEY=1 has made
	$(e2etest) packages/*.test.mjs

version: ## Begin a release: make version NEW=1.2.3 writes it here, and into what our modules require of each other
	$(packaging) pin -version $(or $(NEW),$(error NEW is missing: make version NEW=1.2.3)) -root $(CURDIR)
	sed -i.bak 's/^VERSION = .*/VERSION = $(NEW)/' Makefile && rm Makefile.bak

# A test that is left out proves nothing: a program that is missing is an error.
# Each is named by a program and the Debian package that has it.
desktop_needs = chromium:chromium tmux:tmux dbus-daemon:dbus-daemon dbus-send:dbus-bin \
	gnome-keyring-daemon:gnome-keyring openssl:openssl
packages_needs = dpkg:dpkg rpm:rpm minisign:minisign ruby:ruby unshare:util-linux
windows_needs = wine:wine wineserver:wine64 x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64
absent = $(shell command -v $(firstword $(1)) >/dev/null || echo $(lastword $(1)))
missing = $(strip $(foreach need,$(1),$(call absent,$(subst :, ,$(need)))))
needs = $(if $(2),$(error $(1) needs programs that are missing. On Debian: apt-get install $(2)))

desktop-programs:
	$(call needs,e2e-desktop,$(call missing,$(desktop_needs)))@:

packages-programs:
	$(call needs,e2e-packages,$(call missing,$(packages_needs)))@:

windows-programs:
	$(call needs,e2e-windows,$(call missing,$(windows_needs)))@:

missing-packages: ## Print the Debian packages that e2e-desktop, e2e-windows and e2e-packages lack here
	@echo $(call missing,$(desktop_needs) $(windows_needs) $(packages_needs))

# One run for all modules, in a workspace of its own, whose sums are not added to ours: each run by itself would load and
# analyse what it imports anew. The analysis for other systems shares what it compiles with build-all.
lint: tools ## Run golangci-lint on every module, and go vet for Windows and macOS
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && cp go.work.sum "$$work" && \
		{ sed 's|^	\./|	$(CURDIR)/|' go.work; echo 'use $(CURDIR)/packaging'; } >"$$work/go.work" && \
		echo "golangci-lint in all modules" && GOWORK=$$work/go.work golangci-lint run --config $(CURDIR)/.golangci.yml \
			$(addsuffix /...,$(modules) $(CURDIR)/packaging)
	@set -e; for os in windows darwin; do for dir in sdk host; do \
		echo "go vet for $$os in $$dir"; (cd $$dir && GOWORK=off CGO_ENABLED=0 GOOS=$$os go vet $(goflags) ./...); done; done

generate: tools ## Generate the contract's Go code, managementapi's facts, plugins' schemas, the tables of tools and presets, and the reference
	buf lint && buf generate
	cd tools && GOWORK=off go run ./managementapigen $(CURDIR)/managementapi
	cd tools && GOWORK=off go run ./pluginschemas $(CURDIR)/plugins
	cd host && GOWORK=off go run ./cmd/auth0-mcp-readme $(CURDIR)/README.md $(CURDIR)/docs/guide/tools.md \
		$(sort $(wildcard $(CURDIR)/plugins/*/manifest.json))
	cd plugins/bundle && $(call gobuild,) -o $(CURDIR)/.tools/auth0-mcp-plugins ./cmd/auth0-mcp-plugins
	cd host && GOWORK=off go run ./cmd/auth0-mcp-reference $(CURDIR) $(CURDIR)/.tools/auth0-mcp-plugins

# proto/baseline.binpb is the contract that third parties may rely on. A capability may be added to it with
# buf build --exclude-source-info -o proto/baseline.binpb; what it holds never changes.
breaking: tools ## Check that the wire contract is compatible with its baseline
	buf breaking --against proto/baseline.binpb

# REFERENCE has management-api/ (operations.jsonl, openapi.json) and recordings/ (*.jsonl); nothing else needs them.
REFERENCE =
managementapi-check: ## Compare managementapi, tools' schemas and redaction with what was recorded: REFERENCE=DIR
	cd tools && GOWORK=off go run ./managementapicheck -reference $(abspath $(REFERENCE))
	cd host && GOWORK=off go run ./cmd/auth0-mcp-schemas -recordings $(abspath $(REFERENCE))/recordings \
		$(sort $(wildcard $(CURDIR)/plugins/*/manifest.json))
	cd host && GOWORK=off go run ./cmd/auth0-mcp-redactcheck $(abspath $(REFERENCE))/recordings

sandbox-check: ## Replay recorded requests against the sandbox and compare the answers: REFERENCE=DIR
	cd tools && GOWORK=off go run ./sandboxcheck $(abspath $(REFERENCE))/recordings

recordings-check: $(built) ## Read recorded objects through the tools and write them back: REFERENCE=DIR
	export REFERENCE=$(abspath $(REFERENCE)) && $(e2etest) recordings/*.test.mjs

tidy: ## Tidy every module
	$(each) go mod tidy; done

tools: ## Build the pinned tools into .tools
	@mkdir -p .tools && cd tools && GOWORK=off go build -o ../.tools/ tool

# GoReleaser and syft have some 300 modules each, and take minutes to build.
release-tools: ## Build the pinned tools of releases into .tools
	@mkdir -p .tools && cd packaging && GOWORK=off go build $(goflags) -o ../.tools/ .
	@cd tools/release && GOWORK=off go build -o ../../.tools/ tool
	@cd tools/sbom && GOWORK=off go build -o ../../.tools/ \
		-ldflags "-X main.version=$$(GOWORK=off go list -m -f '{{.Version}}' github.com/anchore/syft)" tool

clean: ## Remove what was built
	rm -rf bin dist .tools e2e/node_modules
