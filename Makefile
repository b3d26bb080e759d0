# What a person or a machine runs here. `make help` lists it; each step of `make test` can be run alone.
# Needs cargo, node, npm and python3 with pip; the rest comes by itself (`make setup`), into .tools/ and node_modules/.

.PHONY: help run test bench setup setup-nats setup-browser lint fmt clippy unit browser build clean
.DEFAULT_GOAL := help
.NOTPARALLEL:

# More arguments for `run`, `bench` and `unit`: make run ARGS="--listen 0.0.0.0:6003"
ARGS ?=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: ## build and run everything in one process, on the ports that the README names
	@scripts/need.sh cargo
	cargo build --release --bin grouploop
	target/release/grouploop up $(ARGS)

test: setup lint unit browser ## set up, then all checks and all tests

bench: ## measure a release build and write bench/RESULTS.md
	@scripts/need.sh cargo
	cargo build --release -p grouploop -p grouploop-bench
	target/release/grouploop-bench --results bench/RESULTS.md $(ARGS)

setup: setup-nats setup-browser ## fetch what the tests need: nats-server, Chromium and its driver

setup-nats:
	@scripts/need.sh cargo
	@scripts/setup-nats.sh

setup-browser:
	@scripts/need.sh node npm
	@scripts/chromium.sh setup >/dev/null
	@cd tests/browser && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-progress; }

lint: fmt clippy ## formatting and clippy, warnings are errors

fmt:
	@scripts/need.sh cargo
	cargo fmt --all --check

clippy:
	@scripts/need.sh cargo
	cargo clippy --workspace --all-targets -- -D warnings

unit: setup-nats ## all Rust tests
	scripts/unit.sh $(ARGS)

browser: setup ## the example pages in Chromium, on two edges over NATS
	cargo build --bin grouploop
	cd tests/browser && node --test --test-reporter=spec

build: ## a release build of the binary: target/release/grouploop
	@scripts/need.sh cargo
	cargo build --release --bin grouploop

clean: ## remove what was built and fetched
	rm -rf target .tools tests/browser/node_modules tests/browser/out
