# syntax=docker/dockerfile:1
# One image for every role: `docker run IMAGE edge`, `cdn`, `simulator`, `monitor`, `ui`, or nothing for all of them in one process.

# The libraries of others, and our own pages and libraries.
FROM node:22-trixie-slim AS web
WORKDIR /build
COPY cdn/libraries/package.json cdn/libraries/package-lock.json cdn/libraries/.npmrc cdn/libraries/
COPY ui/web/package.json ui/web/package-lock.json ui/web/.npmrc ui/web/
COPY ui/docs/package.json ui/docs/package-lock.json ui/docs/.npmrc ui/docs/
RUN npm ci --no-progress --prefix cdn/libraries && npm ci --no-progress --prefix ui/web && npm ci --no-progress --prefix ui/docs
COPY ui/web ui/web
RUN npm run --silent --prefix ui/web build

# The documentation.
FROM python:3.13-slim-trixie AS docs
WORKDIR /build
COPY ui/docs/requirements.txt ui/docs/
RUN pip install --quiet --no-cache-dir --no-deps --require-hashes -r ui/docs/requirements.txt
COPY docs docs
COPY CHANGELOG.md ./
COPY bench/RESULTS.md bench/
COPY ui/docs ui/docs
COPY ui/web/design/icon.svg ui/web/design/
COPY --from=web /build/ui/docs/node_modules ui/docs/node_modules
RUN mkdocs build --strict --config-file ui/docs/mkdocs.yml

FROM rust:1.95-trixie AS build
WORKDIR /build
# Line tables are three quarters of a binary.
ENV CARGO_TERM_COLOR=never CARGO_PROFILE_RELEASE_DEBUG=0
# Everything that we depend on, in a layer that stays until Cargo.lock or a Cargo.toml is another one: built for crates that are empty.
COPY Cargo.toml Cargo.lock ./
COPY bridge/Cargo.toml bridge/
COPY serve/Cargo.toml serve/
COPY edge/Cargo.toml edge/
COPY cdn/Cargo.toml cdn/
COPY monitor/Cargo.toml monitor/
COPY simulator/Cargo.toml simulator/
COPY ui/Cargo.toml ui/
COPY testkit/Cargo.toml testkit/
COPY bench/Cargo.toml bench/
RUN for crate in bridge serve edge cdn monitor simulator ui testkit; do mkdir -p $crate/src && touch $crate/src/lib.rs || exit 1; done \
    && for crate in . bench; do mkdir -p $crate/src && echo 'fn main() {}' >$crate/src/main.rs || exit 1; done \
    && for crate in cdn ui; do echo 'fn main() {}' >$crate/build.rs || exit 1; done \
    && cargo build --release --locked --bin grouploop
# Our own code. Cargo goes by the time of a file, and these may be older than the empty ones.
COPY build.rs ./
COPY src src
COPY bridge bridge
COPY serve serve
COPY edge edge
COPY cdn cdn
COPY monitor monitor
COPY simulator simulator
COPY ui ui
COPY --from=web /build/cdn/libraries/node_modules cdn/libraries/node_modules
COPY --from=web /build/ui/web/dist ui/web/dist
COPY --from=docs /build/ui/docs/dist ui/docs/dist
ARG GROUPLOOP_COMMIT=""
RUN find . -path ./target -prune -o -type f \( -name '*.rs' -o -name '*.json' -o -name '*.toml' \) -exec touch {} + \
    && cargo build --release --locked --bin grouploop \
    && mkdir /data

# No shell, no package manager: the program, the C library that it is linked to, and the certificates that people trust.
FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /build/target/release/grouploop /grouploop
# What `up` keeps; a volume that is put there belongs to the same user.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
EXPOSE 5003 5004 5005 5006 5007 5008 5009 5010
STOPSIGNAL SIGTERM
# Of an edge, and of everything in one process. Other roles name their own port, as compose.yaml does.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/grouploop", "health", "http://127.0.0.1:5003"]
ENTRYPOINT ["/grouploop"]
CMD ["up"]
