#!/usr/bin/env bash
# A file in git says which applications a realm has. Without a server: `apply` works on the database, here on one of its own.
#     examples/apply.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
vestibule=${VESTIBULE:-$here/../target/debug/vestibule}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
export VESTIBULE_LOG=error SHOP_SECRET=secret-of-the-shop REPORTS_SECRET=secret-of-the-reports

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
# Runs `vestibule apply`, and it must end with this code.
apply() {
    local wanted=$1 code=0
    shift
    echo "  vestibule apply $*"
    "$vestibule" apply "$@" --data "$data" >"$data/out" 2>&1 || code=$?
    sed 's/^/  /' "$data/out"
    [ "$code" = "$wanted" ] || fail "expected exit code $wanted, got $code"
}

echo '{"realm": "acme", "enabled": true}' >"$data/acme.json"
"$vestibule" import "$data/acme.json" --data "$data"

say "What would change"
apply 2 "$here/clients.yaml" --dry-run
grep -q '^+ client shop' "$data/out" || fail "the shop is new"
if grep -q 'secret-of' "$data/out"; then fail "no secret is shown"; fi

say "Make it so"
apply 0 "$here/clients.yaml" --yes

say "Once more: nothing to do"
apply 0 "$here/clients.yaml" --dry-run
grep -q 'all is as declared' "$data/out" || fail "it is idempotent"

say "A change in the file"
sed 's|https://shop.acme.example/callback|https://shop.acme.example/new|' "$here/clients.yaml" >"$data/changed.yaml"
apply 2 "$data/changed.yaml" --dry-run
grep -q 'redirectUris: \[https://shop.acme.example/callback\] -> \[https://shop.acme.example/new\]' "$data/out" || fail "the difference is told"
apply 0 "$data/changed.yaml" --yes

say "A mistake changes nothing, and says where it is"
sed 's|publicClient: true|publicKlient: true|' "$here/clients.yaml" >"$data/wrong.yaml"
apply 1 "$data/wrong.yaml" --yes
grep -q 'client app' "$data/out" || fail "it says which client"

say "Left out of the file, with --prune"
printf 'realm: acme\nowner: shop-team\nclients:\n  - clientId: app\n' >"$data/less.yaml"
apply 0 "$data/less.yaml" --yes --prune
"$vestibule" export acme --users skip --data "$data" >"$data/exported.json" 2>/dev/null
python3 - "$data/exported.json" <<'PYTHON'
import json, sys
clients = {client["clientId"] for client in json.load(open(sys.argv[1]))["clients"]}
assert "app" in clients and "account" in clients, clients
assert not clients & {"shop", "reports"}, clients
PYTHON

say "apply: all as expected"
