-- How much of what is limited happened lately: registrations by address, mails by recipient. key: a hash of realm, limit and
-- value, so that nobody can read who it was. slots: beginnings of stretches of time, with counts. The row goes when its window is over.
create table limit_window (
    key text primary key,
    realm_id text not null references realm (id) on delete cascade,
    slots text not null,
    expires bigint not null
);
create index limit_window_realm on limit_window (realm_id);
create index limit_window_expires on limit_window (expires);
