#!/usr/bin/env bash
# Strangers' input to every operation of the Admin REST API: bodies and parameters made from Keycloak's OpenAPI document
# (Schemathesis), and good bodies with one member that does not fit (mutations.py). No 5xx, no hang.
#     BASE=http://localhost:8080 ADMIN=admin PASSWORD=... tests/fuzz/run.sh [quick]
#
#   quick            only reading operations, a few examples each
#   KEYCLOAK_RECORD  the folder with openapi-26.8.json; `none` where it is not to be had: then there are mutations only
#                                                                                    default ../shared/keycloak
#   EXAMPLES, SEED   how many examples of each operation; which ones                 default 10 (quick: 2), 1
#   FAULTS           a file that every fault is noted in                             default: none
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
record=${KEYCLOAK_RECORD:-$root/../shared/keycloak}
[ "$record" = none ] || record=$(realpath "$record")
python=$("$root/.ci/python" fuzz "$here/requirements.txt")
export PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=$here/hooks.py
quick=${1:-}

if [ "$record" = none ]; then
    echo "NOT fuzzed from the OpenAPI document: KEYCLOAK_RECORD=none"
else
    schema=$record/openapi-26.8.json
    if [ ! -f "$schema" ]; then
        echo "there is no $schema; KEYCLOAK_RECORD names its folder, or is 'none'" >&2
        exit 1
    fi
    options=(--phases coverage,fuzzing --max-examples "${EXAMPLES:-10}")
    [ -z "$quick" ] || options=(--phases fuzzing --max-examples "${EXAMPLES:-2}" --include-method GET)
    # Its memory of examples lies where it is run.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && "$(dirname "$python")/schemathesis" run "$schema" --url "$BASE" --checks no_fault --no-color --warnings off \
        --request-timeout 10 --continue-on-failure --no-shrink --seed "${SEED:-1}" "${options[@]}")
fi
[ -n "$quick" ] || "$python" "$here/mutations.py"
