#!/usr/bin/env bash
# A mobile application registers a person with JSON: POST /realms/{realm}/protocol/openid-connect/registrations.
. "$(dirname "$0")/lib.sh"
new_realm '"registrationAllowed": true, "passwordPolicy": "length(10)"'
admin_ok POST /clients -d '{"clientId": "mobile-app", "publicClient": true, "directAccessGrantsEnabled": true, "redirectUris": ["com.example.app:/cb"]}'
url=$BASE/realms/$realm/protocol/openid-connect

say "A person registers"
curl -X POST "$url/registrations" \
  -H "Content-Type: application/json" \
  -d '{
    "username": "mobile-user-001",
    "email": "user@yourapp.com",
    "firstName": "Alice",
    "lastName": "Smith",
    "password": "StrongPass123!",
    "emailVerified": false,
    "enabled": true
  }'
expect 201
expect_json username mobile-user-001
expect_json email user@yourapp.com
expect_json status done
expect_json enabled true
expect_some createdTimestamp
id=$(json id)
[[ $(header location) == */realms/$realm/protocol/openid-connect/registrations/$id ]] || fail "Location names the registration"

say "and signs in"
curl -X POST "$url/token" -d grant_type=password -d client_id=mobile-app -d username=mobile-user-001 -d 'password=StrongPass123!'
expect 200
[ "$(claim "$(json access_token)" sub)" = "$id" ] || fail "the token is of the person who registered"

say "The same again: the username is taken"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-001", "email": "other@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "StrongPass123!"}'
expect 409
expect_json error username_taken
expect_json errorMessage "Username already exists"
expect_json errors.0.field username

say "Another username, the same address"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-002", "email": "user@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "StrongPass123!"}'
expect 409
expect_json error email_taken
expect_json errorMessage "Email already exists"

say "A password against the policy"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-003", "email": "three@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "short"}'
expect 400
expect_json error invalid_registration
expect_json errorMessage "Password does not match policy"
expect_json errors.0.field password
expect_json errors.0.code invalidPasswordMinLengthMessage

say "Nobody makes themselves verified, disabled or an administrator"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-004", "email": "four@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "StrongPass123!",
       "emailVerified": true, "enabled": false, "realmRoles": ["admin"], "id": "00000000-0000-0000-0000-000000000000"}'
expect 201
expect_json emailVerified false
expect_json enabled true
[ "$(json id)" != 00000000-0000-0000-0000-000000000000 ] || fail "the server chooses the id"

say "An application that may use passwords gets tokens at once"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-005", "email": "five@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "StrongPass123!",
       "client_id": "mobile-app", "tokens": true}'
expect 201
expect_some tokens.access_token
expect_some tokens.refresh_token

say "With Verify email on, the address is proved first"
admin_ok PUT "" -d '{"verifyEmail": true}'
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-006", "email": "six@yourapp.com", "firstName": "Alice", "lastName": "Smith", "password": "StrongPass123!",
       "client_id": "mobile-app", "tokens": true}'
expect 201
expect_json status proof
expect_json enabled false
expect_none tokens.access_token
status_token=$(json status_token)
location=$(header location)

say "until then there is no user"
admin_ok GET "/users?username=mobile-user-006&exact=true"
[ "$(cat "$work/body")" = "[]" ] || fail "there is a user before the proof"

say "the application asks where it stands"
curl "$location" -H "Authorization: Bearer $status_token"
expect 200
expect_json status proof

say "and sends the code from the mail"
code=$(mailed_code six@yourapp.com)
curl -X POST "$location/code" -H "Authorization: Bearer $status_token" -H "Content-Type: application/json" -d "{\"code\": \"$code\"}"
expect 200
expect_json status done
expect_some tokens.access_token

say "A taken address is answered like a free one; its owner gets a mail"
curl -X POST "$url/registrations" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-007", "email": "six@yourapp.com", "firstName": "Eve", "lastName": "Smith", "password": "StrongPass123!"}'
expect 201
expect_json status proof

say "json-registration: all as expected"
