-- What `vestibule apply` has made or taken over, by the owner that its file names: the only things that it removes.

create table applied (
    realm_id text not null references realm (id) on delete cascade,
    kind text not null,
    object_id text not null,
    owner text not null,
    primary key (realm_id, kind, object_id)
);
