-- Authorization requests that applications leave here before a browser comes.

-- Pushed (RFC 9126). hash: SHA-256 of the request_uri. doc: the parameters. Used up when somebody has signed in with it. Of a
-- client that describes itself there need not be a row yet.
create table pushed_request (
    hash text primary key,
    realm_id text not null references realm (id) on delete cascade,
    client_uuid text not null,
    doc text not null,
    expires bigint not null
);
create index pushed_request_expires on pushed_request (expires);

-- From a device without a browser (RFC 8628). hash: SHA-256 of the device code. doc: the request. state: pending, approved,
-- denied. session_id and code (what an authorization code would hold) once it is approved.
create table device_code (
    hash text primary key,
    realm_id text not null references realm (id) on delete cascade,
    user_code text not null,
    client_uuid text not null references client (id) on delete cascade,
    doc text not null,
    state text not null,
    session_id text,
    code text,
    polled bigint not null,
    expires bigint not null,
    unique (realm_id, user_code)
);
create index device_code_expires on device_code (expires);
create index device_code_client on device_code (client_uuid);
