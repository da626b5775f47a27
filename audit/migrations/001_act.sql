-- An index of the log of acts, which is the evidence: everything of an act but what was before and after. Written only by
-- the indexer, which goes on behind the greatest seq.
create table act (
  seq bigint primary key,
  at timestamptz not null,
  action text not null,
  account text not null,
  name text not null,
  via text not null,
  address text,
  object_kind text,
  object_id text,
  jurisdiction text,
  outcome text not null,
  reason text
);

create index act_by_time on act (at, seq);
create index act_by_account on act (account, seq);
create index act_by_action on act (action, seq);
create index act_by_object on act (object_kind, object_id, seq);
create index act_by_jurisdiction on act (jurisdiction text_pattern_ops, seq);

create view api_act as
select seq, at, action, account, name, via, address, object_kind, object_id, jurisdiction, outcome, reason from act;
