#!/usr/bin/env bash
# Applications prove themselves by certificate, without a proxy in front (RFC 8705): one that an authority signed, one that the
# application signed itself. Needs a server that serves by TLS: .ci/with-tls examples/mutual-tls.sh
. "$(dirname "$0")/lib.sh"
new_realm
url=$TLS_BASE/realms/$realm/protocol/openid-connect
certificates=${CERTIFICATES:?is not set: run this under .ci/with-tls}
tls=(--cacert "$certificates/ca.pem")

say "One application is known by its name, the other by its own certificate"
admin_ok POST /clients -d '{"clientId": "signed", "clientAuthenticatorType": "client-x509", "serviceAccountsEnabled": true,
  "attributes": {"x509.subjectdn": "CN=machine,O=Harbour", "x509.allow.regex.pattern.comparison": "false",
    "tls.client.certificate.bound.access.tokens": "true"}}'
own=$(openssl x509 -in "$certificates/own.pem" -outform DER | base64 -w0)
admin_ok POST /clients -d "{\"clientId\": \"own\", \"clientAuthenticatorType\": \"client-x509\", \"serviceAccountsEnabled\": true,
  \"attributes\": {\"jwks.string\": \"{\\\"keys\\\": [{\\\"kty\\\": \\\"EC\\\", \\\"x5c\\\": [\\\"$own\\\"]}]}\"}}"

say "Each gets a token with its certificate"
curl "${tls[@]}" --cert "$certificates/machine.pem" --key "$certificates/machine.key" -X POST "$url/token" \
  -d grant_type=client_credentials -d client_id=signed
expect 200
token=$(json access_token)
curl "${tls[@]}" --cert "$certificates/own.pem" --key "$certificates/own.key" -X POST "$url/token" \
  -d grant_type=client_credentials -d client_id=own
expect 200

say "and not without it, nor with the other's"
curl "${tls[@]}" -X POST "$url/token" -d grant_type=client_credentials -d client_id=signed
expect 401
curl "${tls[@]}" --cert "$certificates/own.pem" --key "$certificates/own.key" -X POST "$url/token" \
  -d grant_type=client_credentials -d client_id=signed
expect 401

say "The token is bound to the certificate"
python3 - "$token" <<'PYTHON'
import base64, json, sys
claims = sys.argv[1].split(".")[1]
assert "x5t#S256" in json.loads(base64.urlsafe_b64decode(claims + "=="))["cnf"]
PYTHON

say "Discovery tells the same addresses"
curl "${tls[@]}" "$TLS_BASE/realms/$realm/.well-known/openid-configuration"
expect 200
expect_json mtls_endpoint_aliases.token_endpoint "$url/token"
