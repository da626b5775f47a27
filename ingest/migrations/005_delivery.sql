-- How what each gateway sends has come in.

create table gateway_delivery (
  gateway text primary key,
  delivery jsonb not null,
  told_at timestamptz not null
);
comment on column gateway_delivery.delivery is 'Delivery of model/src/delivery.ts, the last one told by intake.';

create or replace view api_gateway as
  select coalesce(s.gateway, d.gateway) as gateway, s.status, s.received_at, d.delivery, d.told_at
  from gateway_seen s full join gateway_delivery d on d.gateway = s.gateway;
comment on view api_gateway is
  'Last status of each gateway (GatewayStatus of model/src/receipt.ts) and how its batches come in (Delivery of model/src/delivery.ts); either may be null.';
