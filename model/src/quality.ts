/**
 * Quality of a reading: the upper 16 bits of an OPC UA StatusCode (OPC 10000-4, 7.39), an integer 0…65535.
 * The two top bits are the severity: 00 good, 01 uncertain, 1x bad. Every protocol maps into it, so no status is lost.
 */
export type Quality = number

export const Quality = {
  good: 0x0000,
  uncertain: 0x4000,
  uncertainLastUsable: 0x4090,
  uncertainSubstitute: 0x4091,
  uncertainSensorNotAccurate: 0x4093,
  uncertainRangeExceeded: 0x4094,
  bad: 0x8000,
  badNoCommunication: 0x8031,
  badWaitingForInitialData: 0x8032,
  badNodeIdUnknown: 0x8034,
  badConfiguration: 0x8089,
  badNotConnected: 0x808a,
  badDeviceFailure: 0x808b,
  badSensorFailure: 0x808c,
  badOutOfService: 0x808d,
  badInvalidState: 0x80af,
} as const

/** Good or uncertain: fit to be compared with a limit. Bad readings never are. */
export function isUsable(quality: Quality): boolean {
  return quality < 0x8000
}

/** As PostgreSQL's signed smallint holds it: bad qualities come out negative. */
export function toSmallint(quality: Quality): number {
  return quality >= 0x8000 ? quality - 0x1_0000 : quality
}

export function fromSmallint(stored: number): Quality {
  return stored < 0 ? stored + 0x1_0000 : stored
}
