-- What gateways declared lost, beside the ledger of what came.

create table loss (
  position bigint primary key,
  gateway text not null,
  chain text not null,
  from_seq bigint not null,
  to_seq bigint not null,
  prev bytea,
  last bytea,
  readings bigint,
  first_made_at timestamptz,
  last_made_at timestamptz,
  reason text not null,
  declared_at timestamptz not null,
  received_at timestamptz not null,
  sign1 bytea not null
);
comment on table loss is
  'Declarations of loss, one row each as received: batches from_seq to to_seq of a chain will not come. prev is the hash of the batch before them, last that of the last of them, null where the gateway no longer knew. sign1 is the COSE_Sign1 as received.';
create index on loss (gateway, chain, from_seq);

create view api_loss as
  select l.position, l.gateway, l.chain, l.from_seq, l.to_seq, l.prev, l.last, l.readings, l.first_made_at,
         l.last_made_at, l.reason, l.declared_at, l.received_at, l.sign1,
         l.to_seq - l.from_seq + 1 - (
           select count(*) from batch b
           where b.gateway = l.gateway and b.chain = l.chain and b.seq between l.from_seq and l.to_seq
         ) as missing
  from loss l;
comment on view api_loss is
  'missing: how many of the declared batches are not in the ledger. It shrinks when some come after all.';
