#!/usr/bin/env bash
# A program signs in as itself: the client credentials grant.
. "$(dirname "$0")/lib.sh"
new_realm
url=$BASE/realms/$realm/protocol/openid-connect
admin_ok POST /clients -d '{"clientId": "reports", "publicClient": false, "serviceAccountsEnabled": true, "standardFlowEnabled": false}'
id=$(new_id)
admin_ok GET "/clients/$id/client-secret"
secret=$(json value)

say "The secret in the form"
curl -X POST "$url/token" \
  -d "grant_type=client_credentials" \
  -d "client_id=reports" \
  -d "client_secret=$secret"
expect 200
expect_none refresh_token
token=$(json access_token)
[ "$(claim "$token" iss)" = "$BASE/realms/$realm" ] || fail "iss is $(claim "$token" iss), not $BASE/realms/$realm"
[ "$(claim "$token" client_id)" = reports ] || fail "client_id is in the token"
[ "$(claim "$token" preferred_username)" = service-account-reports ] || fail "the token is the service account's"

say "The secret in the header"
curl -X POST "$url/token" -u "reports:$secret" -d grant_type=client_credentials
expect 200

say "A wrong secret"
curl -X POST "$url/token" -d grant_type=client_credentials -d client_id=reports -d client_secret=wrong
expect 401
expect_json error unauthorized_client
expect_json error_description "Invalid client or Invalid client credentials"

say "A new secret; the old one is dead"
admin_ok POST "/clients/$id/client-secret"
renewed=$(json value)
[ "$renewed" != "$secret" ] || fail "the secret is new"
curl -X POST "$url/token" -u "reports:$renewed" -d grant_type=client_credentials
expect 200

say "Disabled, the client is dead at once"
admin_ok PUT "/clients/$id" -d '{"clientId": "reports", "enabled": false}'
curl -X POST "$url/token" -u "reports:$renewed" -d grant_type=client_credentials
expect 401
expect_json error invalid_client

say "client-credentials: all as expected"
