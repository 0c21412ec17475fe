#!/usr/bin/env bash
# A single-page application registers itself with an initial access token: no secret, PKCE instead.
. "$(dirname "$0")/lib.sh"
new_realm
url=$BASE/realms/$realm

say "An initial access token without a limit of uses"
sign_in_as_admin
curl -X POST "$BASE/admin/realms/$realm/clients-initial-access" \
  -H "Authorization: Bearer $admin_token" \
  -H "Content-Type: application/json" \
  -d '{"expiration": 3600, "count": -1}'
expect 201
initial=$(json token)

say "The application"
curl -X POST "$url/clients-registrations/openid-connect" \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $initial" \
  -d '{
    "redirect_uris": ["https://my-spa.example.com/callback"],
    "client_name": "My Public SPA",
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "require_pushed_authorization_requests": false,
    "scope": "openid profile",
    "attributes": {
      "oauth2.pkce.code.challenge.method": "S256"
    }
  }'
expect 201
expect_json token_endpoint_auth_method none
expect_none client_secret
client_id=$(json client_id)
registration_token=$(json registration_access_token)
registration_uri=$(json registration_client_uri)

say "Read"
curl "$registration_uri" -H "Authorization: Bearer $registration_token"
expect 200
expect_json client_id "$client_id"

say "Without PKCE the authorization endpoint sends an error back"
curl -G "$url/protocol/openid-connect/auth" -d response_type=code -d scope=openid -d state=xyz \
  --data-urlencode "client_id=$client_id" --data-urlencode "redirect_uri=https://my-spa.example.com/callback"
expect 302
[[ $(header location) == https://my-spa.example.com/callback\?*error=invalid_request* ]] || fail "Location is $(header location)"

say "with it, the sign-in page comes"
curl -G "$url/protocol/openid-connect/auth" -d response_type=code -d scope=openid -d state=xyz \
  --data-urlencode "client_id=$client_id" --data-urlencode "redirect_uri=https://my-spa.example.com/callback" \
  -d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM -d code_challenge_method=S256
expect 200
grep -q 'id="kc-form-login"' "$work/body" || fail "that is not the sign-in page"

say "An address that was not registered gets no redirect"
curl -G "$url/protocol/openid-connect/auth" -d response_type=code -d scope=openid \
  --data-urlencode "client_id=$client_id" --data-urlencode "redirect_uri=https://my-spa.example.com/callback/other"
expect 400
[ -z "$(header location)" ] || fail "nobody is sent to an unknown address"

say "Changed, without client_id in the body"
curl -X PUT "$registration_uri" -H "Content-Type: application/json" -H "Authorization: Bearer $registration_token" \
  -d '{"client_name": "My Renamed SPA", "redirect_uris": ["https://my-spa.example.com/callback"]}'
expect 200
expect_json client_name "My Renamed SPA"
registration_token=$(json registration_access_token)

say "Deleted"
curl -X DELETE "$registration_uri" -H "Authorization: Bearer $registration_token"
expect 204

say "Without a token, from a host that nobody trusts, nothing is registered"
curl -X POST "$url/clients-registrations/openid-connect" -H "Content-Type: application/json" \
  -d '{"redirect_uris": ["https://my-spa.example.com/callback"]}'
expect 403
expect_json error insufficient_scope

say "register-client-public: all as expected"
