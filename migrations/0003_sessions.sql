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

-- A person who is signed in. An offline session has the id of the session it came from, and outlives it. doc: notes.
create table user_session (
    id text not null,
    offline boolean not null,
    realm_id text not null references realm (id) on delete cascade,
    account_id text not null references account (id) on delete cascade,
    ip_address text,
    started bigint not null,
    last_refresh bigint not null,
    expires bigint not null,
    doc text not null,
    primary key (id, offline)
);
create index user_session_account on user_session (account_id, realm_id, started);
create index user_session_realm on user_session (realm_id, started);
create index user_session_expires on user_session (expires);

-- An application's part in a session. doc: scope, redirect URI, notes.
create table client_session (
    session_id text not null,
    offline boolean not null,
    client_uuid text not null references client (id) on delete cascade,
    realm_id text not null,
    started bigint not null,
    last_refresh bigint not null,
    doc text not null,
    primary key (session_id, offline, client_uuid),
    foreign key (session_id, offline) references user_session (id, offline) on delete cascade
);
create index client_session_client on client_session (client_uuid);

-- Where a realm revokes refresh tokens: which generation of a chain of refresh tokens was used last, and how often.
create table refresh_chain (
    id text primary key,
    session_id text not null,
    offline boolean not null,
    client_uuid text not null,
    generation bigint not null,
    uses bigint not null,
    foreign key (session_id, offline, client_uuid)
        references client_session (session_id, offline, client_uuid) on delete cascade
);
create index refresh_chain_session on refresh_chain (session_id, offline, client_uuid);

-- A code that was given out. The row outlives the code (doc has its end), so that a second use is known for what it is.
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
