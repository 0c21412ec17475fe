#!/usr/bin/env bash
# A confidential application registers itself with an initial access token, is read, changed, used and deleted.
. "$(dirname "$0")/lib.sh"
new_realm
url=$BASE/realms/$realm
admin_ok POST /client-scopes -d '{"name": "microservice_access", "protocol": "openid-connect"}'
admin_ok PUT "/default-optional-client-scopes/$(new_id)"

say "An administrator makes an initial access token, good for two registrations"
sign_in_as_admin
curl -X POST "$BASE/admin/realms/$realm/clients-initial-access" \
  -H "Authorization: Bearer $admin_token" \
  -H "Content-Type: application/json" \
  -d '{"expiration": 86400, "count": 2}'
expect 201
initial=$(json token)

say "A web application"
curl -X POST "$url/clients-registrations/openid-connect" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $initial" \
  -d '{
    "redirect_uris": ["https://my-app.example.com/callback"],
    "client_name": "My Secure Web App",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "openid profile email"
  }'
expect 201
expect_json client_name "My Secure Web App"
expect_json token_endpoint_auth_method client_secret_post
expect_some client_id
expect_some client_secret
expect_some registration_access_token
[[ $(header cache-control) == *no-store* ]] || fail "an answer with a secret is not to be stored"

say "A service"
curl -X POST "$url/clients-registrations/openid-connect" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $initial" \
  -d '{
    "client_name": "My Confidential Service",
    "redirect_uris": ["https://my-service.internal.com/auth/callback"],
    "grant_types": ["authorization_code", "client_credentials"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "openid profile email offline_access"
  }'
expect 201
client_id=$(json client_id)
client_secret=$(json client_secret)
registration_token=$(json registration_access_token)
registration_uri=$(json registration_client_uri)
[ "$registration_uri" = "$url/clients-registrations/openid-connect/$client_id" ] || fail "registration_client_uri is $registration_uri"

say "The initial access token is used up"
curl -X POST "$url/clients-registrations/openid-connect" -H "Content-Type: application/json" -H "Authorization: Bearer $initial" \
  -d '{"redirect_uris": ["https://third.example.com/callback"]}'
expect 401
expect_json error invalid_token

say "Read; the secret was shown once"
curl -X GET "$registration_uri" -H "Authorization: Bearer $registration_token"
expect 200
expect_json client_name "My Confidential Service"
expect_none client_secret

say "The secret gets a token"
curl -X POST "$url/protocol/openid-connect/token" -d grant_type=client_credentials -d "client_id=$client_id" -d "client_secret=$client_secret"
expect 200
[ "$(claim "$(json access_token)" client_id)" = "$client_id" ] || fail "the token is the client's"

say "only in the way that was registered"
curl -X POST "$url/protocol/openid-connect/token" -u "$client_id:$client_secret" -d grant_type=client_credentials
expect 401

say "Changed, without client_id in the body"
curl -X PUT "$registration_uri" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $registration_token" \
  -d '{
    "client_name": "My Updated Confidential Service",
    "redirect_uris": ["https://my-service.internal.com/auth/callback", "https://my-service.internal.com/new-callback"],
    "grant_types": ["authorization_code", "client_credentials"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "openid profile email offline_access microservice_access"
  }'
expect 200
expect_json client_name "My Updated Confidential Service"
new_token=$(json registration_access_token)
[ "$new_token" != "$registration_token" ] || fail "the registration access token is new"

say "The old registration access token is good until the new one is used"
curl "$registration_uri" -H "Authorization: Bearer $registration_token"
expect 200
curl "$registration_uri" -H "Authorization: Bearer $new_token"
expect 200
curl "$registration_uri" -H "Authorization: Bearer $registration_token"
expect 401

say "The whole answer, sent back as it came, is a change too"
curl "$registration_uri" -H "Authorization: Bearer $new_token"
cp "$work/body" "$work/client.json"
curl -X PUT "$registration_uri" -H "Content-Type: application/json" -H "Authorization: Bearer $new_token" -d "@$work/client.json"
expect 200
new_token=$(json registration_access_token)

say "A redirect address that could run a script is refused"
curl -X PUT "$registration_uri" -H "Content-Type: application/json" -H "Authorization: Bearer $new_token" \
  -d '{"redirect_uris": ["javascript:alert(1)"]}'
expect 400
expect_json error invalid_redirect_uri

say "Deleted, it is gone"
curl -X DELETE "$registration_uri" -H "Authorization: Bearer $new_token"
expect 204
curl "$registration_uri" -H "Authorization: Bearer $new_token"
expect 401
curl -X POST "$url/protocol/openid-connect/token" -d grant_type=client_credentials -d "client_id=$client_id" -d "client_secret=$client_secret"
expect 401

say "register-client-confidential: all as expected"
