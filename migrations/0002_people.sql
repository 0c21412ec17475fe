-- People, what they prove themselves with, and what they belong to.

-- username, email and the keys of names are in their normal form (store::user::normal). email_key is the email where the realm keeps
-- emails unique, and null where it does not. suspended: as good as disabled, because the organization that manages it is.
create table account (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    username text not null,
    email text,
    email_key text,
    first_name text,
    last_name text,
    enabled boolean not null,
    email_verified boolean not null,
    created bigint not null,
    not_before bigint not null,
    service_client text references client (id) on delete cascade,
    required_actions text not null,
    attributes text not null,
    first_name_key text,
    last_name_key text,
    suspended boolean not null default false
);
create unique index account_username on account (realm_id, username);
create unique index account_email_key on account (realm_id, email_key);
create index account_email on account (realm_id, email, created, id);
create index account_service_client on account (service_client);
create index account_service on account (realm_id, service_client) where service_client is not null;
create index account_created on account (realm_id, created);
create index account_first_name on account (realm_id, first_name_key);
create index account_last_name on account (realm_id, last_name_key);
create index account_disabled on account (realm_id, username) where not (enabled and not suspended);
create index account_unverified on account (realm_id, username) where not email_verified;

create table account_attribute (
    account_id text not null references account (id) on delete cascade,
    realm_id text not null,
    name text not null,
    value_key text not null
);
create index account_attribute_value on account_attribute (realm_id, name, value_key);
create index account_attribute_account on account_attribute (account_id);

create table credential (
    id text primary key,
    account_id text not null references account (id) on delete cascade,
    type text not null,
    label text,
    created bigint not null,
    priority bigint not null,
    secret_data text not null,
    credential_data text not null
);
create index credential_account on credential (account_id);
-- Of two passwords stored at once, one counts.
create unique index credential_password on credential (account_id) where type = 'password';

-- Failed sign-ins of a user since the last good one (Keycloak's brute force detection). not_before: epoch seconds.
create table login_failure (
    realm_id text not null,
    account_id text not null references account (id) on delete cascade,
    failures bigint not null,
    lockouts bigint not null,
    secondary bigint not null,
    not_before bigint not null,
    last_failure bigint not null,
    last_address text,
    primary key (realm_id, account_id)
);
create index login_failure_account on login_failure (account_id);

-- Members of a user's representation that mean nothing here, kept for the next export: one JSON object.
create table account_extra (
    account_id text primary key references account (id) on delete cascade,
    doc text not null
);

create table account_role (
    account_id text not null references account (id) on delete cascade,
    role_id text not null references role (id) on delete cascade,
    primary key (account_id, role_id)
);
create index account_role_role on account_role (role_id);

-- member_name: the account's username, so that a large group is paged through in its order.
create table account_group (
    account_id text not null references account (id) on delete cascade,
    group_id text not null references user_group (id) on delete cascade,
    member_name text not null,
    primary key (account_id, group_id)
);
create index account_group_group on account_group (group_id, member_name);

-- A user's account at an identity provider.
create table federated_identity (
    account_id text not null references account (id) on delete cascade,
    realm_id text not null,
    provider text not null,
    external_id text not null,
    username text,
    primary key (account_id, provider)
);
create index federated_identity_user on federated_identity (realm_id, external_id);
create index federated_identity_provider on federated_identity (realm_id, provider, external_id);

create table consent (
    account_id text not null references account (id) on delete cascade,
    client_uuid text not null references client (id) on delete cascade,
    scopes text not null,
    created bigint not null,
    updated bigint not null,
    primary key (account_id, client_uuid)
);
create index consent_client on consent (client_uuid);

-- A registration of a person, from the first form to its end (design, decision 1). address_taken: the address already
-- has an owner, so this one can never be proved. doc: names, attributes, the password's hash, whatever else was sent.
create table registration (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    status text not null,
    username text not null,
    email text,
    address_taken boolean not null,
    client_uuid text,
    source text not null,
    ip_address text,
    locale text,
    created bigint not null,
    proved bigint,
    decided bigint,
    expires bigint,
    account_id text,
    browser_hash text,
    status_token_hash text,
    code_hash text,
    code_attempts bigint not null,
    mailed bigint,
    doc text not null
);
create index registration_realm on registration (realm_id, status, created);
create index registration_email on registration (realm_id, email);
create index registration_username on registration (realm_id, username);
create index registration_expires on registration (status, expires);
