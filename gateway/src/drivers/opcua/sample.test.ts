import { DataType, DataValue, StatusCodes } from 'node-opcua-client'
import { expect, test } from 'vitest'
import { sampleOf } from './sample.ts'

const arrivalMs = Date.UTC(2026, 10, 23)
const serverTimestamp = new Date(arrivalMs - 1_000)
/** How OPC UA writes "no time": the first and the last moment that it knows (OPC 10000-6, 5.2.2.5). */
const noTimes = [new Date('1601-01-01T00:00:00Z'), new Date('+030828-09-14T02:48:05.477Z')]

function received(sourceTimestamp: Date | null, server: Date | null): DataValue {
  return new DataValue({
    value: { dataType: DataType.Double, value: 2.5 },
    statusCode: StatusCodes.Good,
    sourceTimestamp,
    serverTimestamp: server,
  })
}

test("F2 opcua: a source time of 1601 or without end is none: the server's counts, else the arrival", () => {
  for (const none of [null, ...noTimes]) {
    const byServer = sampleOf('S/d/m', received(none, serverTimestamp), arrivalMs)
    expect(byServer).toMatchObject({ timeMs: serverTimestamp.getTime(), timeSource: 'device', value: 2.5 })
    const byArrival = sampleOf('S/d/m', received(none, none), arrivalMs)
    expect(byArrival).toMatchObject({ timeMs: arrivalMs, timeSource: 'gateway', value: 2.5 })
  }
})
