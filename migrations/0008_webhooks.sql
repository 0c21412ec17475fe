-- Addresses of administrators that are told of events. What they are told waits in the outbox.
create table webhook (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    url text not null,
    -- Types, a list in JSON; empty: all.
    events text not null,
    -- Sealed with the secret key of the installation.
    secret bytea not null,
    enabled boolean not null,
    created bigint not null
);
create index webhook_realm on webhook (realm_id, created);
