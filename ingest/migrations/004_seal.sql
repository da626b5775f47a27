-- What came without a gateway is sealed by the centre.

create table seal (
  position bigint primary key,
  chain text not null,
  seq bigint not null,
  prev bytea not null,
  hash bytea not null,
  key_id text not null,
  from_position bigint not null,
  to_position bigint not null,
  records int not null,
  root bytea not null,
  made_at timestamptz not null,
  sign1 bytea not null,
  unique (chain, seq)
);
comment on table seal is
  'Seals of the centre over plain records of its journal from from_position to to_position: they prove what the centre had received when they were made. sign1 is the COSE_Sign1, hash its SHA-256, prev the hash of the seal before, root the Merkle root over the records.';

create view api_seal as
  select position, chain, seq, prev, hash, key_id, from_position, to_position, records, root, made_at, sign1
  from seal;
