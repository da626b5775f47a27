import { isName } from './names.ts'

/** The names of MQTT topics at the centre that outsiders rely on. */
export const topics = {
  batch: (gateway: string) => `farwatch/v1/${gateway}/batch`,
  receipt: (gateway: string) => `farwatch/v1/${gateway}/receipt`,
  loss: (gateway: string) => `farwatch/v1/${gateway}/loss`,
  status: (gateway: string) => `farwatch/v1/${gateway}/status`,
  command: (gateway: string) => `farwatch/v1/${gateway}/command`,
  telemetry: (site: string, device: string) => `telemetry/${site}/${device}`,
  frigateEvents: 'frigate/events',
  frigateSnapshot: (camera: string, label: string) => `frigate/${camera}/${label}/snapshot`,
} as const

export type UpTopic =
  | { readonly kind: 'batch' | 'loss' | 'status'; readonly gateway: string }
  | { readonly kind: 'telemetry'; readonly site: string; readonly device: string }
  | { readonly kind: 'frigate-event' }
  | { readonly kind: 'frigate-snapshot'; readonly camera: string; readonly label: string }

/** What a topic published to the centre is, or undefined for one that means nothing here. */
export function parseUpTopic(topic: string): UpTopic | undefined {
  const parts = topic.split('/')
  const named = (part: string | undefined): part is string => part !== undefined && isName(part)
  const [first, second, third, fourth] = parts
  if (first === 'farwatch' && second === 'v1' && parts.length === 4 && named(third)) {
    return fourth === 'batch' || fourth === 'loss' || fourth === 'status'
      ? { kind: fourth, gateway: third }
      : undefined
  }
  if (first === 'telemetry' && parts.length === 3 && named(second) && named(third)) {
    return { kind: 'telemetry', site: second, device: third }
  }
  if (first !== 'frigate') return undefined
  if (parts.length === 2 && second === 'events') return { kind: 'frigate-event' }
  if (parts.length === 4 && fourth === 'snapshot' && named(second) && named(third)) {
    return { kind: 'frigate-snapshot', camera: second, label: third }
  }
  return undefined
}
