#!/usr/bin/env bash
# Sends a server what was once sent to a real Keycloak, and compares the answers with what that one said.
#     BASE=http://localhost:8080 ADMIN=admin PASSWORD=... tests/keycloak/compare.sh
#
#   KEYCLOAK_RECORD  the folder with the recordings and the recorders; `none` where they are not to be had, and then nothing
#                    is compared                                                     default ../shared/keycloak
#   AT_LEAST         percent of the answers that must be the same                    default 95
#   KEEP             a folder in which the recordings of our own are left            default: none
# At least this much of the groups below has to be the same; what differs on purpose is listed, with its reason, in
# known-differences-*.txt and does not count.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

record=${KEYCLOAK_RECORD:-$root/../shared/keycloak}
if [ "$record" = none ]; then
    echo "NOT compared with Keycloak: KEYCLOAK_RECORD=none"
    exit 0
fi
if [ ! -f "$record/record/compare.py" ]; then
    echo "there are no recordings at $record; KEYCLOAK_RECORD names their folder, or is 'none'" >&2
    exit 1
fi

people=(
    g01_realm g02_defaults g03_pages g04_register_errors g05_password_policy g05b_policy_order g06_register_success g07_verify_email
    g08_forgot_password g09_login_settings g10_required_actions g10b_aia g11_login_errors g12_tokens g12b_introspect_audience
    g13_admin_users g14_authz g15_user_profile g16_events g17_localization g18_account g19_guides g20_more g21_brute_force_waits
    g22_absent_fields
)
applications=(
    realm events dcr-provider-default client-description-converter initial-access-tokens dcr-create dcr-client-id dcr-redirect-uris dcr-grants dcr-auth-method dcr-scope dcr-sector
    dcr-transport dcr-bearer rat registration-policies cors client-secret service-account token-client-credentials
    token-jwt-auth token-errors token-of-registered-client introspection userinfo revocation device par authorization discovery
    guide-curls clients client-scopes-of-client protocol-mappers client-roles scope-mappings evaluate-scopes
    realm-client-scopes certificates client-policies client-policies-on-registration dcr-provider-default
    dcr-provider-install dcr-provider-saml client-description-converter serverinfo admin-events
)

out=${KEEP:-$(mktemp -d)}
mkdir -p "$out"
export PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3 # Debian's, which has Debian's packages

side() { # name, what does not count, groups
    local name=$1 ignore=$2 groups=() group
    shift 2
    for group in "$@"; do groups+=(--group "$group"); done
    echo "== $name"
    "$python" "$record/record/$name.py" --url "$BASE" --admin "$ADMIN" --password "$PASSWORD" --out "$out/$name.json" --only "$@"
    "$python" "$record/record/compare.py" "$record/$name.json" "$out/$name.json" "${groups[@]}" --show 8 \
        --known "$here/known-differences-$name.txt" --ignore "$ignore" \
        --at-least "${AT_LEAST:-95}"
}

status=0
side people 'headers\.www-authenticate' "${people[@]}" || status=1
side applications 'headers\.(www-authenticate|cache-control)|body\.(policy|policyId|field|value|message|request_object_encryption_alg_values_supported|[a-z]+_endpoint_auth_methods_supported)' "${applications[@]}" || status=1
[ -n "${KEEP:-}" ] || rm -rf "$out"
[ "$status" = 0 ] || echo "less than ${AT_LEAST:-95} percent of the answers are Keycloak's" >&2
exit "$status"
