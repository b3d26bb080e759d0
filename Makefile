# What a person or a machine runs here. `make help` lists it; each step of `make test` can be run alone.
# Needs cargo, node, npm and python3 with pip; the rest comes by itself (`make setup`), into .tools/ and node_modules/.

.PHONY: help run test bench bench-restarts bench-browser setup setup-nats setup-s3 setup-deploy setup-browser libraries docs docs-if-possible web web-test lint fmt clippy unit deploy-test browser examples build clean
.DEFAULT_GOAL := help
.NOTPARALLEL:

# More arguments for `run`, `bench`, `bench-restarts`, `bench-browser` and `unit`: make run ARGS="--listen 0.0.0.0:6003"
ARGS ?=

# Fetches the packages of a folder as its lock file pins them, when that is newer than what it brought.
npm_ci = cd $(1) && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-progress; }

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: libraries web docs-if-possible ## build and run everything in one process, on the ports that the README names
	@scripts/need.sh cargo
	cargo build --release --bin grouploop
	target/release/grouploop up $(ARGS)

test: setup lint unit web-test deploy-test browser examples ## set up, then all checks and all tests

# The measuring is a script: make runs a recipe that calls make again even when it is only asked what it would do.
bench: libraries web setup-nats setup-s3 setup-deploy setup-browser ## measure a release build (about 10 minutes) and write bench/RESULTS.md
	@scripts/need.sh cargo node
	cargo build --release -p grouploop -p grouploop-bench
	cargo build --release -p grouploop-simulator --example body_speed
	scripts/bench.sh $(ARGS)

bench-restarts: setup-nats setup-s3 setup-deploy libraries web ## restart each edge of the stack under load (2 minutes)
	@scripts/need.sh cargo
	cargo build --release -p grouploop -p grouploop-bench
	target/release/grouploop-bench-restarts --results bench/RESULTS.md $(ARGS)

bench-browser: setup-nats setup-browser libraries web ## measure the floor map and the monitor in Chromium (about 5 minutes)
	@scripts/need.sh cargo node
	cargo build --release --bin grouploop
	node bench/browser/floor.mjs --results bench/RESULTS.md $(ARGS); floor=$$?; \
	node bench/browser/monitor.mjs --results bench/RESULTS.md && exit $$floor

setup: setup-nats setup-s3 setup-deploy setup-browser libraries web docs ## what the tests need: nats-server, an S3 server, Caddy, Chromium, p5, the pages, the documentation

setup-nats:
	@scripts/need.sh cargo
	@scripts/setup-nats.sh

setup-s3:
	@scripts/need.sh cargo
	@scripts/setup-s3.sh

setup-deploy: ## what checks the deployment: Caddy, Docker Compose, promtool, a linter for Dockerfiles, the schemas of Kubernetes
	@scripts/setup-deploy.sh

setup-browser:
	@scripts/need.sh node npm
	@scripts/chromium.sh setup >/dev/null
	@$(call npm_ci,tests/browser)

libraries: ## fetch the libraries of others that become part of the CDN
	@scripts/need.sh node npm
	@$(call npm_ci,cdn/libraries)

docs: ## build the documentation, when its sources are newer than ui/docs/dist
	@scripts/need.sh node npm python3
	@$(call npm_ci,ui/docs)
	@scripts/docs.sh

# It is no reason not to run.
docs-if-possible:
	@$(call npm_ci,ui/docs) || true
	@scripts/docs.sh if-possible

web: ## build our own libraries and the pages, when their sources are newer than ui/web/dist
	@scripts/need.sh node npm
	@$(call npm_ci,ui/web)
	@scripts/web.sh

web-test: web ## types and unit tests of the libraries and the pages
	cd ui/web && npm run --silent check && npm test --silent

lint: fmt clippy ## formatting and clippy, warnings are errors

fmt:
	@scripts/need.sh cargo
	cargo fmt --all --check

clippy: libraries web docs
	@scripts/need.sh cargo
	cargo clippy --workspace --all-targets -- -D warnings

unit: setup-nats setup-s3 setup-deploy libraries web docs ## all Rust tests
	scripts/unit.sh $(ARGS)

deploy-test: setup-deploy ## the Kubernetes example against its schemas (the rest of the deployment is in `unit`)
	@scripts/need.sh node npm
	@$(call npm_ci,tests/deploy)
	cd tests/deploy && node --test --test-reporter=spec

browser: setup ## the pages and the libraries in Chromium, on edges over NATS
	cargo build --bin grouploop
	cd tests/browser && node --test --test-reporter=spec

examples: setup ## every command and every piece of code in the documentation, as it is written there
	cargo build --bin grouploop
	scripts/alone.sh node --test --test-reporter=spec tests/docs/*.test.mjs

build: libraries web docs ## a release build of the binary: target/release/grouploop
	@scripts/need.sh cargo
	cargo build --release --bin grouploop

clean: ## remove what was built and fetched
	rm -rf target .tools tests/browser/node_modules tests/deploy/node_modules tests/browser/out cdn/libraries/node_modules ui/web/node_modules ui/web/dist ui/docs/node_modules ui/docs/dist
