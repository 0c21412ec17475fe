-- Realms and what belongs to them. Documents are JSON text in Keycloak's shape; instants are epoch milliseconds.

create table realm (
    id text primary key,
    name text not null unique,
    doc text not null
);

-- Small sets of configuration, read with the realm: component, client-scope, flow, authenticator-config,
-- required-action, localization.
create table realm_part (
    realm_id text not null references realm (id) on delete cascade,
    kind text not null,
    id text not null,
    name text not null,
    position bigint not null,
    doc text not null,
    primary key (realm_id, kind, id)
);

-- Private keys, sealed with the secret key of the installation. One row per key of a key provider component.
create table realm_key (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    component_id text not null,
    kid text not null,
    algorithm text not null,
    key_use text not null,
    sealed bytea not null,
    certificate bytea,
    created bigint not null
);
create index realm_key_realm on realm_key (realm_id);

-- client_uuid is '' for a role of the realm.
create table role (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    client_uuid text not null,
    name text not null,
    doc text not null
);
create unique index role_name on role (realm_id, client_uuid, name);

create table role_composite (
    parent_id text not null references role (id) on delete cascade,
    child_id text not null references role (id) on delete cascade,
    primary key (parent_id, child_id)
);
create index role_composite_child on role_composite (child_id);

-- parent_id is '' for a top level group.
create table user_group (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    parent_id text not null,
    name text not null,
    doc text not null
);
create unique index user_group_name on user_group (realm_id, parent_id, name);

create table group_role (
    group_id text not null references user_group (id) on delete cascade,
    role_id text not null references role (id) on delete cascade,
    primary key (group_id, role_id)
);
create index group_role_role on group_role (role_id);

-- doc is the ClientRepresentation without its secret. A secret is kept as SHA-256, and sealed beside it only where it
-- must be read back (contract 5).
create table client (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    client_id text not null,
    doc text not null,
    secret_hash text,
    secret_sealed bytea,
    previous_secret_hash text,
    previous_secret_expires bigint,
    rat_hash text,
    previous_rat_hash text,
    rat_auth text,
    created bigint not null,
    -- live; pending: waits for approval; refused. Only a live one is of use to anybody.
    standing text not null default 'live',
    -- The name for people in small letters, for searches.
    name_key text not null default '',
    -- Shown to everybody in the Account Console (`alwaysDisplayInConsole`).
    always_displayed boolean not null default false,
    -- Uses other flows than the realm's (`authenticationFlowBindingOverrides`).
    own_flows boolean not null default false,
    -- What the name that an administrator gave it looks like: nobody else calls theirs so.
    name_likeness text
);
create unique index client_client_id on client (realm_id, client_id);
create index client_own_flows on client (realm_id, client_id) where own_flows;
create index client_name_likeness on client (realm_id, name_likeness) where name_likeness is not null;
create index client_always_displayed on client (realm_id, client_id) where always_displayed;

-- Which pages in browsers may call for which client: its Web Origins, `+` resolved. `*` stands for itself.
create table client_origin (
    realm_id text not null,
    origin text not null,
    client_uuid text not null references client (id) on delete cascade,
    primary key (realm_id, origin, client_uuid)
);
create index client_origin_client on client_origin (client_uuid);

-- How a client came to be, kept beside it, so that use does not look like change.
create table client_registration (
    client_uuid text primary key references client (id) on delete cascade,
    realm_id text not null,
    source text not null,
    token_id text,
    owner text,
    ip_address text,
    created bigint not null,
    last_used bigint,
    -- When it was used last or, before that, made.
    active bigint not null,
    -- When its people were told that it will go.
    warned bigint,
    -- JSON: what the initial access token that it was made with binds it to, for longer than there is such a token.
    terms text not null default '{}',
    -- Digest of what tells one software from another, where somebody vouched for it.
    software text
);
create index client_registration_token on client_registration (token_id);
create index client_registration_realm on client_registration (realm_id, created, client_uuid);
create index client_registration_active on client_registration (realm_id, active);
create index client_registration_software on client_registration (realm_id, software) where software is not null;
create index client_registration_owner on client_registration (realm_id, owner) where owner is not null;
create index client_registration_address on client_registration (realm_id, ip_address) where ip_address is not null;

create table initial_access (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    created bigint not null,
    expires bigint not null,
    uses bigint not null,
    remaining bigint not null,
    doc text not null
);
create index initial_access_realm on initial_access (realm_id, created);
create index initial_access_expires on initial_access (expires) where expires <> 0;
