-- What other services may rely on: these views and functions, not the tables behind them.

create view api_site as
  select id as site, registered, definition, first_seen from site;

create view api_device as
  select site, id as device, registered, definition, first_seen from device;

create view api_point as
  select p.key, p.site, p.device, p.metric, p.registered, p.definition, p.first_seen,
         l.time as last_time, l.value as last_value, l.quality as last_quality,
         coalesce(b.received_at, l.time) as last_received_at
  from point p
  left join lateral (
    select r.time, r.value, r.quality, r.batch
    from reading r
    where r.point_id = p.id and r.time > now() - interval '7 days' and r.time < now() + interval '1 day'
    order by r.time desc
    limit 1
  ) l on true
  left join batch b on b.position = l.batch;
comment on view api_point is
  'Every point with its newest reading of the last 7 days (null when there is none). last_quality is a signed smallint (model: fromSmallint). last_received_at is exact for readings out of signed batches; for plain messages it is the reading''s own time.';

create view api_gateway as
  select gateway, status, received_at from gateway_seen;
comment on view api_gateway is 'Last status of each gateway, GatewayStatus of model/src/receipt.ts.';

create view api_camera_event as
  select position, received_at, event, camera, phase, label, score, zones, time, started_at, ended_at
  from camera_event;
comment on view api_camera_event is 'camera is the name in Frigate (frigateCamera of a device).';

create view api_picture as
  select position, received_at, camera, label, sha256, jpeg from picture;

create view api_batch as
  select position, gateway, chain, boot, seq, prev, hash, key_id, readings, series, made_at, received_at, sign1
  from batch;

create view api_quarantine as
  select position, received_at, topic, client, reason, size, bytes from quarantine;

-- The embedded engine cannot interrupt a statement, so what a call may cost is bounded before and while it scans.
create function history_raw(point text, "from" timestamptz, "to" timestamptz, max_rows int)
  returns table ("time" timestamptz, value float8, quality smallint)
  language plpgsql stable
as $$
declare
  wanted constant text := history_raw.point;
  rows_found bigint;
begin
  if max_rows is null or max_rows < 1 or max_rows > 100000 then
    raise exception 'max_rows is %, expected 1 to 100000', max_rows using errcode = '22023';
  end if;
  return query
    select r.time, r.value, r.quality
    from reading r
    where r.point_id = (select p.id from point p where p.key = wanted)
      and r.time >= "from" and r.time < "to"
    order by r.time
    limit max_rows + 1;
  get diagnostics rows_found = row_count;
  if rows_found > max_rows then
    raise exception 'more than % readings of % between % and %: take a shorter range, or steps',
      max_rows, wanted, "from", "to" using errcode = '54000';
  end if;
end
$$;
comment on function history_raw is
  'Readings of one point from (inclusive) to (exclusive), oldest first. SQLSTATE 54000 when there are more than max_rows (at most 100,000).';

create function history_steps(point text, "from" timestamptz, "to" timestamptz, step interval)
  returns table ("time" timestamptz, min float8, avg float8, max float8, count int)
  language plpgsql stable
as $$
declare
  max_steps constant int := 10000;
  max_readings constant int := 600000;
  wanted constant text := history_steps.point;
  one record;
  scanned bigint := 0;
begin
  if step is null or extract(month from step) <> 0 or extract(year from step) <> 0 or step < interval '1 second' then
    raise exception 'step is %, expected whole units from 1 second up to days or weeks', step using errcode = '22023';
  end if;
  if extract(epoch from "to" - "from") / extract(epoch from step) > max_steps then
    raise exception 'more than % steps of % between % and %: take a shorter range or a longer step',
      max_steps, step, "from", "to" using errcode = '54000';
  end if;
  for one in
    select time_bucket(step, s.time, timestamptz '2000-01-02 16:00:00+00') as bucket,
           min(s.value) filter (where s.quality >= 0) as lowest,
           avg(s.value) filter (where s.quality >= 0) as mean,
           max(s.value) filter (where s.quality >= 0) as highest,
           count(s.value) filter (where s.quality >= 0)::int as usable,
           count(*) as seen
    from (
      select r.time, r.value, r.quality
      from reading r
      where r.point_id = (select p.id from point p where p.key = wanted)
        and r.time >= "from" and r.time < "to"
      limit max_readings + 1
    ) s
    group by 1
    order by 1
  loop
    scanned := scanned + one.seen;
    if scanned > max_readings then
      raise exception 'more than % readings of % between % and %: take a shorter range',
        max_readings, wanted, "from", "to" using errcode = '54000';
    end if;
    if one.usable > 0 then
      "time" := one.bucket;
      min := one.lowest;
      avg := one.mean;
      max := one.highest;
      count := one.usable;
      return next;
    end if;
  end loop;
end
$$;
comment on function history_steps is
  'Good and uncertain readings of one point per step; a step without any is absent. Steps are aligned to local midnight (UTC+8, as all of China). SQLSTATE 54000 above 10,000 steps or 600,000 readings (a year of minutes).';
