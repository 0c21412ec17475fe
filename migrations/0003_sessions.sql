-- Signing in, being signed in, and what may be used once.

-- A tab of a browser that is signing in. doc: the authorization request and the state of the flow.
create table auth_session (
    tab_id text not null,
    root_id text not null,
    realm_id text not null references realm (id) on delete cascade,
    client_uuid text not null,
    doc text not null,
    created bigint not null,
    expires bigint not null,
    primary key (root_id, tab_id)
);
create index auth_session_expires on auth_session (expires);

create table user_session (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    account_id text not null references account (id) on delete cascade,
    offline boolean not null,
    ip_address text,
    started bigint not null,
    last_refresh bigint not null,
    expires bigint not null,
    doc text not null
);
create index user_session_account on user_session (account_id);
create index user_session_realm on user_session (realm_id, started);
create index user_session_expires on user_session (expires);

-- An application's part in a session. doc: scope, redirect URI, notes, the state of refresh token rotation.
create table client_session (
    session_id text not null references user_session (id) on delete cascade,
    client_uuid text not null references client (id) on delete cascade,
    realm_id text not null,
    started bigint not null,
    last_refresh bigint not null,
    doc text not null,
    primary key (session_id, client_uuid)
);
create index client_session_client on client_session (client_uuid);

create table auth_code (
    code_hash text primary key,
    realm_id text not null references realm (id) on delete cascade,
    session_id text not null,
    client_uuid text not null,
    doc text not null,
    expires bigint not null,
    used boolean not null
);
create index auth_code_expires on auth_code (expires);

-- Whatever may be used once: key is realm, purpose and SHA-256 of the value.
create table single_use (
    key text primary key,
    expires bigint not null
);
create index single_use_expires on single_use (expires);

-- Access tokens that were revoked before they expire.
create table revoked_token (
    jti text primary key,
    expires bigint not null
);
create index revoked_token_expires on revoked_token (expires);
