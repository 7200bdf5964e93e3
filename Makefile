# Thin targets: each is one command that you could type yourself.
CARGO ?= cargo
TOOLS ?= $(HOME)/.cache/claudetrail/tools

# Tests of the real program wait for it, and for engines, more than they compute.
TEST_THREADS ?= $(shell expr 3 '*' $$(getconf _NPROCESSORS_ONLN) / 2)

.DEFAULT_GOAL := build
.PHONY: build demo test test-browser screenshots soak lint deny bench fuzz release install enrichment web openid-provider schemas engine-up help

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: enrichment web ## Build the program (quick profile): target/debug/claudetrail
	$(CARGO) build --locked -p claudetrail

demo: enrichment web ## Build and see it work: a simulated organization, a live trail, six incidents to find
	@echo "building claudetrail: about two minutes on two cores the first time, seconds afterwards"
	$(CARGO) build --locked -p claudetrail
	./target/debug/claudetrail demo

test: enrichment web openid-provider schemas ## Every test: units, properties, simulations, the real program end to end
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --workspace --all-targets
	$(CARGO) test --locked --workspace --doc
	@$(WEB) npm test
	@$(BROWSER_TESTS)

test-browser: build ## The console in a real Chromium, against the real program
	@$(BROWSER_TESTS)

screenshots: build ## The same, and the pictures of the documentation taken anew
	@export SCREENSHOTS=$(CURDIR)/docs/images ACTIVITIES_PER_DAY=4000; $(BROWSER_TESTS)

soak: ## The collector's simulation with 100,000 fresh seeds (SEEDS=… for more), the program killed 1,000 times (KILLS=…)
	SEEDS=$${SEEDS:-100000} FIRST_SEED=$${FIRST_SEED:-$$(date +%s)} $(CARGO) test --locked --release -p collector --test simulation whatever_goes_wrong -- --nocapture
	KILLS=$${KILLS:-1000} $(CARGO) test --locked --workspace --test program kills_at_random

lint: enrichment web ## Formatting, clippy with warnings as errors, dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(MAKE) deny
	@$(WEB) npm run lint

deny: $(TOOLS)/bin/cargo-deny ## Licences, bans, sources and yanked versions of the dependencies
	$(TOOLS)/bin/cargo-deny --locked check licenses bans sources

$(TOOLS)/bin/cargo-deny:
	CARGO_PROFILE_DEV_DEBUG=false $(CARGO) install cargo-deny@0.20.2 --locked --debug --root $(TOOLS)

bench: enrichment ## Throughput of normalising and of the ledger, beside a baseline in the same run
	$(CARGO) bench --locked -p normalize -p ledger -p collector

fuzz: $(TOOLS)/bin/cargo-fuzz ## Fuzz the parsers of outside bytes, a minute each (TARGETS=normalize for one, SECONDS=600 for longer)
	cd fuzz && export PATH="$(TOOLS)/bin:$$PATH" && for target in $(or $(TARGETS),$$($(CARGO) fuzz list)); do \
		mkdir -p corpus/$$target && $(CARGO) fuzz run -s none $$target corpus/$$target seeds/$$target -- -max_total_time=$(or $(SECONDS),60) || exit 1; \
	done

$(TOOLS)/bin/cargo-fuzz:
	CARGO_PROFILE_DEV_DEBUG=false $(CARGO) install cargo-fuzz@0.13.2 --locked --debug --root $(TOOLS)

engine-up: ## Start a real engine to play with, until Ctrl-C (ENGINE=elasticsearch or opensearch, SECURITY=yes)
	dev/engines/up $(or $(ENGINE),elasticsearch) $(if $(SECURITY),--security)

release: enrichment web ## The optimised program: target/release/claudetrail
	$(CARGO) build --locked --release -p claudetrail

install: enrichment web ## Install the optimised program for this user
	$(CARGO) install --locked --path crates/claudetrail

enrichment: enrichment/node_modules/.package-lock.json ## The free data that is compiled in: user agents, countries, networks (npm)

enrichment/node_modules/.package-lock.json: enrichment/package-lock.json
	@command -v npm > /dev/null && cd enrichment && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || \
	echo "left out for want of npm or its packages: names of browsers, countries and networks of addresses (make enrichment)"

# Runs what follows in web/, where npm is; without npm the console is left out, and so are its checks.
WEB = command -v npm > /dev/null || { echo "left out for want of npm: the web console (node 20 or newer, then make web)"; exit 0; }; cd web &&

# The program that these tests start is target/debug/claudetrail. Where a Chromium can be neither found nor installed, they are left
# out, save where CI is set.
BROWSER_TESTS = $(WEB) if ../dev/chromium; then npm run --silent test:browser; elif [ -n "$$CI" ]; then exit 1; \
	else echo "left out for want of Chromium: tests of the console in a browser"; fi

web: web/dist/app/index.html ## The web console that is compiled in (npm)

web/dist/app/index.html: web/node_modules/.package-lock.json web/index.html web/vite.config.ts $(shell find web/src -type f)
	@$(WEB) npm run --silent build

web/node_modules/.package-lock.json: web/package-lock.json
	@$(WEB) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

openid-provider: dev/engines/oidc/node_modules/.package-lock.json ## A real OpenID provider for tests of the console's sign-in (npm)

dev/engines/oidc/node_modules/.package-lock.json: dev/engines/oidc/package-lock.json
	cd dev/engines/oidc && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

schemas: dev/schemas/node_modules/.package-lock.json dev/schemas/.venv/installed ## What tests hold our documents against: the published schemas of ECS and OCSF, DuckDB for Parquet

dev/schemas/.venv/installed: dev/schemas/requirements.txt
	python3 -m venv dev/schemas/.venv
	dev/schemas/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

dev/schemas/node_modules/.package-lock.json: dev/schemas/package-lock.json
	cd dev/schemas && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
