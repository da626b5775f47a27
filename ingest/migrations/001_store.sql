-- What ingest keeps. The same statements run on TimescaleDB's Community and Apache editions.

create table site (
  id text primary key,
  registered boolean not null,
  definition jsonb not null,
  first_seen timestamptz not null default now()
);
comment on column site.definition is
  'Site of model/src/registry.ts without its devices; for a site nobody registered only id, name and kind.';

create table device (
  site text not null references site (id),
  id text not null,
  registered boolean not null,
  definition jsonb not null,
  first_seen timestamptz not null default now(),
  primary key (site, id)
);
comment on column device.definition is 'Device of model/src/registry.ts without its points.';

create table point (
  id int generated always as identity primary key,
  key text not null unique,
  site text not null,
  device text not null,
  metric text not null,
  registered boolean not null,
  definition jsonb not null,
  first_seen timestamptz not null default now(),
  foreign key (site, device) references device (site, id)
);
comment on column point.key is 'SITE/DEVICE/METRIC';
comment on column point.definition is 'Point of model/src/registry.ts.';
create index on point (site, device);

-- Readings are append-only. No unique index: the ledger and the writer's place keep doubles out.
create table reading (
  time timestamptz not null,
  point_id int not null,
  value float8,
  quality smallint not null,
  batch bigint not null
);
comment on column reading.time is 'Source time, never re-stamped.';
comment on column reading.value is 'Null where nothing was read.';
comment on column reading.quality is
  'Upper 16 bits of an OPC UA StatusCode as a signed number: negative is bad (model: fromSmallint).';
comment on column reading.batch is 'Position in the centre''s journal of the record that brought it.';
select create_hypertable('reading', by_range('time', interval '1 day'), create_default_indexes => false);
create index reading_point_time on reading (point_id, time desc);

create table batch (
  position bigint primary key,
  gateway text not null,
  chain text not null,
  boot text not null,
  seq bigint not null,
  prev bytea not null,
  hash bytea not null,
  key_id text not null,
  readings int not null,
  series int not null,
  made_at timestamptz not null,
  received_at timestamptz not null,
  sign1 bytea not null,
  unique (gateway, chain, seq)
);
comment on table batch is
  'The ledger: one row per signed batch, written in one transaction with its readings. sign1 is the COSE_Sign1 as received, hash its SHA-256, prev the hash of the batch before it in the chain.';

create table progress (
  name text primary key,
  position bigint not null
);
comment on table progress is 'How far a reader of the centre''s journal has come: the next position it will take.';

create table camera_event (
  position bigint primary key,
  received_at timestamptz not null,
  event text not null,
  camera text not null,
  phase text not null,
  label text not null,
  score float8,
  zones jsonb not null,
  time timestamptz not null,
  started_at timestamptz not null,
  ended_at timestamptz
);
create index on camera_event (camera, time desc);

create table picture (
  position bigint primary key,
  received_at timestamptz not null,
  camera text not null,
  label text not null,
  sha256 bytea not null,
  jpeg bytea not null
);
comment on table picture is 'The newest 200 of each camera.';
-- A JPEG does not get smaller.
alter table picture alter column jpeg set storage external;
create index on picture (camera, position desc);

create table quarantine (
  position bigint not null,
  received_at timestamptz not null,
  topic text not null,
  client text not null,
  reason text not null,
  size bigint not null,
  bytes bytea not null,
  primary key (position, topic)
);
comment on table quarantine is 'Refused traffic, the newest 10,000.';
comment on column quarantine.size is 'Bytes as received; the bytes kept may be cut.';

create table gateway_seen (
  gateway text primary key,
  status jsonb not null,
  received_at timestamptz not null
);
comment on column gateway_seen.status is 'GatewayStatus of model/src/receipt.ts, the last one received.';
