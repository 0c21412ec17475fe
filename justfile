# `just` lists the recipes. `just ci` is what continuous integration runs, `just suite` the same without
# installing anything, `just full` that and what takes long.

set shell := ["bash", "-euo", "pipefail", "-c"]

chromium := env("TEST_CHROMIUM", "/usr/bin/chromium")

# The recipes there are
default:
    @just --list --unsorted

# The quick check before a commit: no database, no browser
check: fmt-check clippy test

# The code has the one format
fmt-check:
    cargo fmt --all --check

# Lints; a warning is an error
clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# The tests as the README has them; PostgreSQL and Chromium take part when TEST_POSTGRES and TEST_CHROMIUM name them
test:
    cargo test --locked

# Licences and banned crates (cargo-deny, if it is installed) and, always, that nothing links OpenSSL
deny:
    #!/usr/bin/env bash
    set -euo pipefail
    for crate in openssl-sys native-tls ring; do
        if cargo tree --locked --edges normal,build --invert "$crate" 2>/dev/null | grep -q .; then
            echo "$crate is in the tree:" && cargo tree --locked --edges normal,build --invert "$crate"
            exit 1
        fi
    done
    if command -v cargo-deny >/dev/null; then cargo deny --locked check bans licenses sources; fi

# The binary that the end-to-end suites run
build:
    cargo build --locked

# The curl scripts of examples/, against SQLite and, with TEST_POSTGRES, against PostgreSQL
examples: build
    .ci/with-server -- examples/run-all.sh
    .ci/with-tls examples/mutual-tls.sh
    if [ -n "${TEST_POSTGRES:-}" ]; then .ci/with-server --db new-postgres -- examples/run-all.sh; fi

# A newcomer's journey, every page of signing in and registering, keycloak-js and openid-client, in headless Chromium
browser: build
    cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
    cd tests/browser && TEST_CHROMIUM={{ chromium }} npm test

# Builds Keycloak's own Admin and Account Console from the npm registry into a folder, for `serve --console`
console dir="target/console":
    cd console && npm ci --no-audit --no-fund --loglevel=error
    cd console && OUT="{{ absolute_path(dir) }}" npm run --silent build

# Keycloak's own consoles, driven through their sections in headless Chromium
consoles: build console
    cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
    cd tests/browser && TEST_CHROMIUM={{ chromium }} npm run test:console

# Unmodified clients for the Admin API: keycloak-admin-client (npm) and python-keycloak (PyPI)
clients: build
    cd tests/clients && npm ci --no-audit --no-fund --loglevel=error
    cd tests/clients && npm test
    .ci/with-server --no-demo -- tests/clients/python/run.sh

# And those of crates.io, the typed `keycloak` and `openidconnect`, which take long to build
clients-rust: build
    cargo build --locked --manifest-path tests/clients/rust/Cargo.toml --target-dir target/clients
    .ci/with-server --no-demo -- target/clients/debug/vestibule-client-tests
    .ci/with-server --no-demo -- target/clients/debug/openid-connect

# Strangers' input to the Admin API, for no 5xx: `quick`, or all of it
fuzz how="": build
    .ci/with-server --no-demo -- tests/fuzz/run.sh {{ how }}

# The answers beside those of a recorded Keycloak
keycloak: build
    .ci/with-server --no-demo -- tests/keycloak/compare.sh

# Every page as a picture, at two widths, light and dark, in English and German, and checked for barriers
screenshots dir="target/screenshots": build
    cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
    cd tests/browser && TEST_CHROMIUM={{ chromium }} node screenshots.mjs "{{ justfile_directory() }}/{{ dir }}"

# What every commit runs (`just ci`), on what is installed here
suite:
    just fmt-check
    just clippy
    just deny
    TEST_CHROMIUM={{ chromium }} TEST_STRACE=1 .ci/with-postgres just test examples
    just keycloak
    just browser
    just clients
    just fuzz quick

# All that there is: the suite and what takes long
full: suite consoles clients-rust fuzz

# Installs PostgreSQL and Chromium from Debian's packages (as root), then runs everything with both switched on
ci:
    .ci/install
    just suite
