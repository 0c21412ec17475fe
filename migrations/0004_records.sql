-- What happened, and what is still to be sent.

create table event (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    time bigint not null,
    type text not null,
    client_id text,
    account_id text,
    session_id text,
    ip_address text,
    error text,
    details text not null
);
create index event_realm on event (realm_id, time);
create index event_account on event (account_id);

create table admin_event (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    time bigint not null,
    auth_realm_id text,
    auth_client_id text,
    auth_account_id text,
    ip_address text,
    operation text not null,
    resource_type text not null,
    resource_path text not null,
    representation text,
    error text,
    details text
);
create index admin_event_realm on admin_event (realm_id, time);

-- Mail to be sent. doc: the letter and whom it is for, sealed with the secret key of the installation; forgotten once it is
-- delivered. done from the beginning: a mail that was not to be sent, kept so that writing it looked like any other.
create table outbox (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    kind text not null,
    doc bytea,
    created bigint not null,
    due bigint not null,
    attempts bigint not null,
    claimed_until bigint not null,
    done bigint,
    failure text,
    -- The client that is told of a logout; null: a mail.
    receiver text
);
create index outbox_due on outbox (done, due);
create index outbox_receiver on outbox (receiver, done, due);
create index outbox_realm on outbox (realm_id, done, due);

-- The mail of development: shown on the inbox page instead of being sent.
create table inbox (
    id text primary key,
    recipient text not null,
    subject text not null,
    body_text text not null,
    body_html text not null,
    time bigint not null
);
create index inbox_recipient on inbox (recipient, time);
create index inbox_time on inbox (time);

-- Which snapshots other nodes must forget. Kept for a minute.
create table change (
    id text primary key,
    topic text not null,
    time bigint not null
);
create index change_time on change (time);
