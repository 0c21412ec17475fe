# Shared by the examples: sourced, not run. What an example shows are its own curl commands; here is only what makes them a
# test: curl keeps the answer, `expect` checks its status, `json` reads it, and each example has a realm of its own.
#
#   BASE       where the server is, with or without /auth   http://localhost:8080
#   ADMIN      its administrator                            admin
#   PASSWORD   and their password

set -euo pipefail

BASE=${BASE:-http://localhost:8080}
ADMIN=${ADMIN:-admin}
PASSWORD=${PASSWORD:?set PASSWORD to the administrator\'s password; the server printed it at its first start}

work=$(mktemp -d)
realm="example-$(basename "$0" .sh)-$$"
status=

# Says what comes next.
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Runs curl as written, keeps status, headers and body, and shows the first two lines of both.
curl() {
    status=$(command curl -sS -D "$work/headers" -o "$work/body" -w '%{http_code}' "$@")
    echo "  $status $(head -c 300 "$work/body" 2>/dev/null | tr '\n' ' ')"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    printf -- '--- last answer: %s\n' "$status" >&2
    cat "$work/headers" "$work/body" >&2 2>/dev/null || true
    exit 1
}

# The last answer had this status.
expect() { [ "$status" = "$1" ] || fail "expected $1, got $status"; }

# A member of the last answer, by its path: `json errors.0.field`. Nothing if it is not there.
json() {
    python3 - "$work/body" "$1" <<'PYTHON'
import json, sys
value = json.load(open(sys.argv[1]))
for step in sys.argv[2].split("."):
    if isinstance(value, list):
        value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
    else:
        value = value.get(step) if isinstance(value, dict) else None
print("" if value is None else value if isinstance(value, str) else json.dumps(value))
PYTHON
}

# A member of the last answer has this value: `expect_json error invalid_grant`.
expect_json() {
    local value
    value=$(json "$1")
    [ "$value" = "$2" ] || fail "expected $1 to be '$2', it is '$value'"
}

# A member of the last answer is there, or is not.
expect_some() { [ -n "$(json "$1")" ] || fail "expected $1 in the answer"; }
expect_none() { [ -z "$(json "$1")" ] || fail "expected no $1 in the answer"; }

# A header of the last answer.
header() { sed -n "s/^$1: *//Ip" "$work/headers" | tr -d '\r' | tail -n 1; }

# A claim of a token: `claim "$token" iss`.
claim() {
    python3 - "$1" "$2" <<'PYTHON'
import base64, json, sys
payload = sys.argv[1].split(".")[1]
value = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get(sys.argv[2], "")
print(value if isinstance(value, str) else json.dumps(value))
PYTHON
}

# The administrator's token; it lives a minute, so it is fetched again when it is older than half of that.
admin_token=
admin_token_until=0
sign_in_as_admin() {
    [ "$SECONDS" -lt "$admin_token_until" ] && return 0
    status=$(command curl -sS -o "$work/admin" -w '%{http_code}' "$BASE/realms/master/protocol/openid-connect/token" \
        -d grant_type=password -d client_id=admin-cli --data-urlencode "username=$ADMIN" --data-urlencode "password=$PASSWORD")
    cp "$work/admin" "$work/body"
    expect 200
    admin_token=$(json access_token)
    admin_token_until=$((SECONDS + 30))
}

# The Admin API: `admin POST /clients -d '{...}'`, below the example's realm.
admin() {
    sign_in_as_admin
    status=$(command curl -sS -D "$work/headers" -o "$work/body" -w '%{http_code}' -X "$1" "$BASE/admin/realms/$realm$2" \
        -H "Authorization: Bearer $admin_token" -H "Content-Type: application/json" "${@:3}")
}

# The same, and it must succeed.
admin_ok() {
    admin "$@"
    [ "${status:0:1}" = 2 ] || fail "$1 /admin/realms/$realm$2"
}

# A realm for this example alone, with settings of its own; it is deleted at the end.
new_realm() {
    sign_in_as_admin
    trap remove_realm EXIT
    status=$(command curl -sS -D "$work/headers" -o "$work/body" -w '%{http_code}' -X POST "$BASE/admin/realms" \
        -H "Authorization: Bearer $admin_token" -H "Content-Type: application/json" \
        -d "{\"realm\": \"$realm\", \"enabled\": true${1:+, $1}}")
    expect 201
    echo "realm $realm at $BASE"
}

remove_realm() {
    local ended=$?
    trap - EXIT
    sign_in_as_admin && admin DELETE ""
    rm -rf "$work"
    exit "$ended"
}

# The internal id that the last answer's Location ends in.
new_id() { header location | sed 's|.*/||'; }

# Gives a client's service account a role of realm-management: `grant_role CLIENT_UUID manage-users`.
grant_role() {
    local account management
    admin_ok GET "/clients/$1/service-account-user"
    account=$(json id)
    admin_ok GET "/clients?clientId=realm-management"
    management=$(json 0.id)
    admin_ok GET "/clients/$management/roles/$2"
    admin_ok POST "/users/$account/role-mappings/clients/$management" -d "[$(cat "$work/body")]"
}

# The code in the newest mail to an address, from the development inbox.
mailed_code() {
    for _ in $(seq 50); do
        command curl -sS -o "$work/mail" -G "$BASE/inbox/messages" --data-urlencode "to=$1"
        if python3 - "$work/mail" <<'PYTHON'; then return; fi
import json, re, sys
mails = json.load(open(sys.argv[1]))
mails.sort(key=lambda mail: mail["date"], reverse=True)
codes = re.findall(r"(?<![\w/:.=&?%-])\d{6,8}(?![\w/-])", mails[0]["text"]) if mails else []
if not codes:
    sys.exit(1)
print(codes[0])
PYTHON
        sleep 0.1
    done
    fail "no mail with a code to $1 within five seconds"
}
