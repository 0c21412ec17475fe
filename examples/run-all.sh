#!/usr/bin/env bash
# Runs every example against a server that is up, once under /auth and once without it.
#     BASE=http://localhost:8080 ADMIN=admin PASSWORD=... examples/run-all.sh
set -euo pipefail
cd "$(dirname "$0")"

BASE=${BASE:-http://localhost:8080}
passed=0
failed=0
for base in "$BASE" "$BASE/auth"; do
    for example in json-registration backend-registration password-grant client-credentials \
        register-client-confidential register-client-public; do
        printf '\n=== %s at %s\n' "$example" "$base"
        if BASE=$base "./$example.sh"; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
done
printf '\n=== apply\n'
if ./apply.sh; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
