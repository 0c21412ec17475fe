-- What waits for somebody's decision, or waited: the registration of an application, or a change of one.

-- id: whose it is, the client's. kind: client. state: pending, approved, refused. waiting: the stage that is to decide; empty once
-- it is decided. ask: names exactly what is asked for; another one when it is asked for anew. stages, decisions, notes: JSON
-- lists. asked: JSON of the change; {} for a registration, which the client itself tells.
create table approval (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    kind text not null,
    is_change boolean not null,
    state text not null,
    waiting text not null,
    ask text not null,
    stages text not null,
    stage bigint not null,
    asked text not null,
    reason text,
    decisions text not null,
    notes text not null,
    created bigint not null,
    decided bigint,
    expires bigint not null,
    told bigint not null,
    due bigint,
    base text
);
create index approval_realm on approval (realm_id, state, created);
create index approval_expires on approval (expires) where state = 'pending';
create index approval_due on approval (due) where due is not null;
create index approval_decided on approval (decided) where state = 'refused';
