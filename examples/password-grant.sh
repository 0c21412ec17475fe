#!/usr/bin/env bash
# The password grant: for a client that may use it, and never as a way to register.
. "$(dirname "$0")/lib.sh"
new_realm
url=$BASE/realms/$realm/protocol/openid-connect
admin_ok POST /clients -d '{"clientId": "app", "publicClient": true, "directAccessGrantsEnabled": true}'
admin_ok POST /clients -d '{"clientId": "web", "publicClient": true, "directAccessGrantsEnabled": false, "redirectUris": ["https://web.example.com/cb"]}'
admin_ok POST /users -d '{"username": "alice", "email": "alice@example.com", "firstName": "Alice", "lastName": "Smith", "enabled": true,
  "credentials": [{"type": "password", "value": "StrongPass123!", "temporary": false}]}'

say "Username and password for tokens"
curl -X POST "$url/token" \
  -d "grant_type=password" \
  -d "client_id=app" \
  -d "username=alice" \
  -d "password=StrongPass123!" \
  -d "scope=openid"
expect 200
expect_json token_type Bearer
expect_some id_token
access=$(json access_token)
refresh=$(json refresh_token)
[ "$(claim "$access" iss)" = "$BASE/realms/$realm" ] || fail "iss is $(claim "$access" iss), not $BASE/realms/$realm"
[ "$(claim "$access" preferred_username)" = alice ] || fail "preferred_username is alice"

say "What the token tells about its user"
curl "$url/userinfo" -H "Authorization: Bearer $access"
expect 200
expect_json email alice@example.com

say "New tokens for the refresh token"
curl -X POST "$url/token" -d grant_type=refresh_token -d client_id=app -d "refresh_token=$refresh"
expect 200
refresh=$(json refresh_token)

say "Revoked, it is of no use"
curl -X POST "$url/revoke" -d client_id=app -d "token=$refresh"
expect 200
curl -X POST "$url/token" -d grant_type=refresh_token -d client_id=app -d "refresh_token=$refresh"
expect 400
expect_json error invalid_grant

say "By e-mail address"
curl -X POST "$url/token" -d grant_type=password -d client_id=app -d username=alice@example.com -d 'password=StrongPass123!'
expect 200

say "A wrong password and an unknown user are answered alike"
curl -X POST "$url/token" -d grant_type=password -d client_id=app -d username=alice -d password=wrong
expect 400
expect_json error_description "Invalid user credentials"
curl -X POST "$url/token" -d grant_type=password -d client_id=app -d username=brandnew -d email=brandnew@example.com -d 'password=StrongPass123!'
expect 400
expect_json error_description "Invalid user credentials"

say "A client that may not use passwords"
curl -X POST "$url/token" -d grant_type=password -d client_id=web -d username=alice -d 'password=StrongPass123!'
expect 400
expect_json error unauthorized_client

say "password-grant: all as expected"
