import { Quality } from '@farwatch/model'

/**
 * What a logger says of a value with `-Flag`, as the upper half of an OPC UA status code (OPC 10000-4, 7.39).
 *
 * | flag | HJ 212 says | status code |
 * |---|---|---|
 * | N | works normally | Good |
 * | F | instrument or source stopped | BadOutOfService |
 * | M | under maintenance | BadInvalidState |
 * | S | value set by hand | UncertainSubstituteValue |
 * | D | instrument fault | BadSensorFailure |
 * | C | being calibrated | BadWaitingForInitialData |
 * | T | beyond the upper limit of measurement | UncertainEngineeringUnitsExceeded |
 * | B | no communication with the instrument | BadNoCommunication |
 * | P | power failure (2005) | BadDeviceFailure |
 *
 * M and C have codes of their own so that each stays what it was. What is bad is no basis for an exceedance; T and S are
 * uncertain: a value beyond the range is beyond any limit within it.
 */
const qualities: ReadonlyMap<string, Quality> = new Map([
  ['N', Quality.good],
  ['F', Quality.badOutOfService],
  ['M', Quality.badInvalidState],
  ['S', Quality.uncertainSubstitute],
  ['D', Quality.badSensorFailure],
  ['C', Quality.badWaitingForInitialData],
  ['T', Quality.uncertainRangeExceeded],
  ['B', Quality.badNoCommunication],
  ['P', Quality.badDeviceFailure],
])

/** Quality of a value under a flag. Without a flag (usual in 2005) it is good; under one that is not known, bad. */
export function qualityOf(flag: string | undefined): Quality {
  if (flag === undefined) return Quality.good
  return qualities.get(flag.toUpperCase()) ?? Quality.bad
}
