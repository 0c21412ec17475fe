#!/usr/bin/env bash
# A backend registers people: a client with a service account, then POST /admin/realms/{realm}/users.
. "$(dirname "$0")/lib.sh"
new_realm
url=$BASE/realms/$realm/protocol/openid-connect
users=$BASE/admin/realms/$realm/users
admin_ok POST /clients -d '{"clientId": "shop", "publicClient": true, "directAccessGrantsEnabled": true}'

# Makes a client with a service account and one role; leaves its secret in $secret.
service() {
    admin_ok POST /clients -d "{\"clientId\": \"$1\", \"publicClient\": false, \"serviceAccountsEnabled\": true, \"standardFlowEnabled\": false}"
    local id
    id=$(new_id)
    grant_role "$id" "$2"
    admin_ok GET "/clients/$id/client-secret"
    secret=$(json value)
}

say "A service account with manage-users gets a token"
service app-registration-service manage-users
curl -X POST "$url/token" \
  -H "Content-Type: application/x-www-form-urlencoded" \
  -d "grant_type=client_credentials" \
  -d "client_id=app-registration-service" \
  -d "client_secret=$secret"
expect 200
token=$(json access_token)

say "and creates a user"
curl -X POST "$users" \
  -H "Authorization: Bearer $token" \
  -H "Content-Type: application/json" \
  -d '{
    "username": "mobile-user-002",
    "email": "another-user@yourapp.com",
    "firstName": "Bob",
    "lastName": "Jones",
    "credentials": [{"type": "password", "value": "AnotherStrongPass456!", "temporary": false}],
    "emailVerified": false,
    "enabled": true
  }'
expect 201
location=$(header location)
[[ $location == */admin/realms/$realm/users/* ]] || fail "Location names the user"

say "who can be read"
curl "$location" -H "Authorization: Bearer $token"
expect 200
expect_json username mobile-user-002
expect_json enabled true

say "and signs in"
curl -X POST "$url/token" -d grant_type=password -d client_id=shop -d username=mobile-user-002 -d 'password=AnotherStrongPass456!'
expect 200

say "The same again"
curl -X POST "$users" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-002", "email": "another-user@yourapp.com", "enabled": true}'
expect 409
expect_json errorMessage "User exists with same email"

say "A temporary password has to be changed first"
curl -X POST "$users" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"username": "temp", "email": "temp@yourapp.com", "firstName": "T", "lastName": "P", "enabled": true,
       "credentials": [{"type": "password", "value": "AnotherStrongPass456!", "temporary": true}]}'
expect 201
curl -X POST "$url/token" -d grant_type=password -d client_id=shop -d username=temp -d 'password=AnotherStrongPass456!'
expect 400
expect_json error_description "Account is not fully set up"

say "A service account with create-users creates"
service creator create-users
curl -X POST "$url/token" -d grant_type=client_credentials -d client_id=creator -d "client_secret=$secret"
expect 200
token=$(json access_token)
curl -X POST "$users" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"username": "mobile-user-003", "email": "three@yourapp.com", "firstName": "Bob", "lastName": "Jones", "enabled": true,
       "credentials": [{"type": "password", "value": "AnotherStrongPass456!", "temporary": false}]}'
expect 201
location=$(header location)

say "and does nothing else: no reading"
curl "$users" -H "Authorization: Bearer $token"
expect 403
curl "$location" -H "Authorization: Bearer $token"
expect 403

say "no changing, no deleting"
curl -X PUT "$location" -H "Authorization: Bearer $token" -H "Content-Type: application/json" -d '{"enabled": false}'
expect 403
curl -X DELETE "$location" -H "Authorization: Bearer $token"
expect 403

say "no giving of groups or roles"
curl -X POST "$users" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"username": "boss", "enabled": true, "groups": ["/admins"]}'
expect 403
curl -X POST "$users" -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"username": "boss", "enabled": true, "clientRoles": {"realm-management": ["realm-admin"]}}'
expect 403

say "view-users alone creates nobody"
service viewer view-users
curl -X POST "$url/token" -d grant_type=client_credentials -d client_id=viewer -d "client_secret=$secret"
expect 200
curl -X POST "$users" -H "Authorization: Bearer $(json access_token)" -H "Content-Type: application/json" -d '{"username": "nobody", "enabled": true}'
expect 403

say "backend-registration: all as expected"
