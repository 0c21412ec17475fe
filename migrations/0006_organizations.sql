-- Identity providers, and organizations with what belongs to them.

-- id is Keycloak's internalId. doc: IdentityProviderRepresentation without what is a column; secrets in it are sealed.
-- alias_key: the alias in lower case, by which it is searched.
create table identity_provider (
    realm_id text not null references realm (id) on delete cascade,
    id text not null,
    alias text not null,
    alias_key text not null,
    provider_id text not null,
    organization_id text,
    doc text not null,
    primary key (realm_id, id)
);
create unique index identity_provider_alias on identity_provider (realm_id, alias);
create index identity_provider_alias_key on identity_provider (realm_id, alias_key);
create index identity_provider_organization on identity_provider (organization_id);

-- alias: the provider that it belongs to.
create table identity_provider_mapper (
    realm_id text not null references realm (id) on delete cascade,
    id text not null,
    alias text not null,
    name text not null,
    doc text not null,
    primary key (realm_id, id)
);
create unique index identity_provider_mapper_name on identity_provider_mapper (realm_id, alias, name);

-- group_id: the parent of its top groups, as Keycloak shows it. doc: description, redirectUrl, attributes.
create table organization (
    id text primary key,
    realm_id text not null references realm (id) on delete cascade,
    name text not null,
    name_key text not null,
    alias text not null,
    enabled boolean not null,
    group_id text not null,
    doc text not null
);
create unique index organization_name on organization (realm_id, name);
create unique index organization_alias on organization (realm_id, alias);

-- doc: verified, and which identity provider the domain leads to.
create table organization_domain (
    realm_id text not null,
    name text not null,
    organization_id text not null references organization (id) on delete cascade,
    doc text not null,
    primary key (realm_id, name)
);
create index organization_domain_organization on organization_domain (organization_id);

create table organization_attribute (
    organization_id text not null references organization (id) on delete cascade,
    realm_id text not null,
    name text not null,
    value text not null
);
create index organization_attribute_value on organization_attribute (realm_id, name, value);
create index organization_attribute_organization on organization_attribute (organization_id);

-- managed: the account is the organization's: it goes with it, and sleeps while it is disabled (account.suspended).
create table organization_member (
    organization_id text not null references organization (id) on delete cascade,
    account_id text not null references account (id) on delete cascade,
    managed boolean not null,
    primary key (organization_id, account_id)
);
create index organization_member_account on organization_member (account_id);

-- account_id: the user who is invited, if they are one.
create table organization_invitation (
    id text primary key,
    organization_id text not null references organization (id) on delete cascade,
    email text not null,
    first_name text,
    last_name text,
    account_id text references account (id) on delete cascade,
    sent bigint not null,
    expires bigint not null
);
create unique index organization_invitation_email on organization_invitation (organization_id, email);
create index organization_invitation_sent on organization_invitation (organization_id, sent);
create index organization_invitation_account on organization_invitation (account_id);

-- Groups inside an organization, apart from those of the realm: they give nobody the realm's roles by themselves.
create table organization_group (
    id text primary key,
    organization_id text not null references organization (id) on delete cascade,
    parent_id text not null,
    name text not null,
    doc text not null
);
create unique index organization_group_name on organization_group (organization_id, parent_id, name);

create table organization_group_role (
    group_id text not null references organization_group (id) on delete cascade,
    role_id text not null references role (id) on delete cascade,
    primary key (group_id, role_id)
);
create index organization_group_role_role on organization_group_role (role_id);

create table organization_group_member (
    group_id text not null references organization_group (id) on delete cascade,
    account_id text not null references account (id) on delete cascade,
    primary key (group_id, account_id)
);
create index organization_group_member_account on organization_group_member (account_id);
