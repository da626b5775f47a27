import { verifyingKey } from '@farwatch/evidence'
import {
  GatewayStatus,
  isName,
  isPointKey,
  isTime,
  maxTelemetryValues,
  parseFrigateEvent,
  parsePointKey,
  parseTelemetry,
  parseUpTopic,
  pointKey,
  topics,
  utf8,
} from '@farwatch/model'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateJson } from '../mutate/json.ts'
import { mutateText } from '../mutate/text.ts'
import type { Random } from '../random.ts'
import { attempt, mustHold, type Target, type TargetKind } from '../target.ts'
import { key, startMs } from './samples.ts'

/** JSON, topics and names. */

const encoder = new TextEncoder()
const bytesOf = (...values: readonly unknown[]) =>
  values.map((value) => encoder.encode(JSON.stringify(value)))

/** A problem is shown to a person and kept: it must stay short whatever it quotes. */
function mustBeShort(problem: string): void {
  mustHold(problem.length > 0 && problem.length <= 500, `a problem of ${problem.length} characters`)
}

const telemetry: Target & { readonly share: number } = {
  name: 'telemetry',
  share: 15,
  seeds: bytesOf({ pm10: 55, noise: true }, { ts: startMs, values: { so2: 12.3, 浓度: -1e-7 } }),
  mutate: mutateJson,
  judge(input) {
    const parsed = parseTelemetry(utf8(input))
    if ('problem' in parsed) {
      mustBeShort(parsed.problem)
      return 'refused'
    }
    const { timeMs, values } = parsed.telemetry
    mustHold(timeMs === undefined || isTime(timeMs), `time ${timeMs}`)
    mustHold(values.size > 0 && values.size <= maxTelemetryValues, `${values.size} values`)
    for (const [metric, value] of values) {
      mustHold(Number.isFinite(value), `${metric}: ${value}`)
      mustHold(isName(metric), `a metric ${JSON.stringify(metric)}`)
    }
    const again = parseTelemetry(JSON.stringify({ ts: timeMs, values: Object.fromEntries(values) }))
    mustHold(
      'telemetry' in again && again.telemetry.values.size === values.size,
      'other values when read again',
    )
    return 'accepted'
  },
}

const seen = {
  id: '1795440000.1-abc',
  camera: 'gate',
  label: 'person',
  frame_time: startMs / 1_000,
  start_time: startMs / 1_000,
  end_time: null,
  top_score: 0.9,
  current_zones: ['yard'],
}

const frigate: Target & { readonly share: number } = {
  name: 'frigate',
  share: 8,
  seeds: bytesOf(
    { type: 'new', after: seen },
    { type: 'end', before: seen, after: { ...seen, end_time: 1_795_440_009.5 } },
  ),
  mutate: mutateJson,
  judge(input) {
    const parsed = parseFrigateEvent(utf8(input))
    if ('problem' in parsed) {
      mustBeShort(parsed.problem)
      return 'refused'
    }
    const { camera, timeMs, startMs: from, endMs, zones } = parsed.event
    mustHold(isName(camera), `a camera ${JSON.stringify(camera)}`)
    mustHold([timeMs, from, endMs ?? 0].every(isTime), 'a time that no row takes')
    mustHold(zones.length <= 64, `${zones.length} zones`)
    return 'accepted'
  },
}

const status: Target & { readonly share: number } = {
  name: 'gateway-status',
  share: 8,
  seeds: bytesOf(
    { v: 1, online: false },
    {
      v: 1,
      online: true,
      publicKey: key.publicKey,
      spool: { batches: 3, bytes: 4_000 },
      links: [{ name: 'boiler', protocol: 'modbus', state: 'down', problem: 'no answer' }],
    },
  ),
  mutate: mutateJson,
  judge(input) {
    let json: unknown
    try {
      json = JSON.parse(utf8(input))
    } catch {
      return 'refused'
    }
    const parsed = GatewayStatus.safeParse(json)
    if (!parsed.success) return 'refused'
    const { publicKey } = parsed.data
    if (publicKey !== undefined) attempt(() => verifyingKey(publicKey))
    const again = JSON.stringify(parsed.data)
    mustHold(
      JSON.stringify(GatewayStatus.parse(JSON.parse(again))) === again,
      'another status when read again',
    )
    return 'accepted'
  },
}

const mutateName = (seed: Uint8Array, random: Random) =>
  random.chance(0.8) ? encoder.encode(mutateText(utf8(seed), random)) : mutateBytes(seed, random)

const topic: Target & { readonly share: number } = {
  name: 'topic',
  share: 5,
  seeds: [
    topics.batch('GW-1'),
    topics.status('GW-1'),
    topics.loss('GW-1'),
    topics.telemetry('E10', '设备'),
    topics.frigateEvents,
    topics.frigateSnapshot('gate', 'person'),
  ].map((one) => encoder.encode(one)),
  mutate: mutateName,
  judge(input) {
    const name = utf8(input)
    const parsed = parseUpTopic(name)
    if (parsed === undefined) return 'refused'
    mustHold(
      topicOf(parsed) === name,
      `${JSON.stringify(name)} is taken for ${JSON.stringify(topicOf(parsed))}`,
    )
    return 'accepted'
  },
}

function topicOf(of: NonNullable<ReturnType<typeof parseUpTopic>>): string {
  switch (of.kind) {
    case 'batch':
      return topics.batch(of.gateway)
    case 'loss':
      return topics.loss(of.gateway)
    case 'status':
      return topics.status(of.gateway)
    case 'telemetry':
      return topics.telemetry(of.site, of.device)
    case 'frigate-event':
      return topics.frigateEvents
    case 'frigate-snapshot':
      return topics.frigateSnapshot(of.camera, of.label)
  }
}

const point: Target & { readonly share: number } = {
  name: 'point-key',
  share: 4,
  seeds: ['E01/d/LEL01', '厂/釜/温度', `${'a'.repeat(64)}/b/c`].map((one) => encoder.encode(one)),
  mutate: mutateName,
  judge(input) {
    const name = utf8(input)
    const parsed = parsePointKey(name)
    mustHold(isPointKey(name) === (parsed !== undefined), `two answers on ${JSON.stringify(name)}`)
    if (parsed === undefined) return 'refused'
    mustHold(
      pointKey(parsed.site, parsed.device, parsed.metric) === name,
      'another key when put together again',
    )
    return 'accepted'
  },
}

export const modelText: readonly TargetKind[] = [telemetry, frigate, status, topic, point].map((target) => ({
  name: target.name,
  share: target.share,
  open: () => target,
}))
