import { messageOf } from '@farwatch/model'
import { type Clock, type PlainServer, plainServer, systemClock } from '@farwatch/runtime'
import type { DoctorOptions } from '../options.ts'
import { type Check, fail, inLines } from './check.ts'
import {
  checkClock,
  checkConnection,
  checkConnectionsLeft,
  checkDurability,
  checkRights,
  checkSchema,
  checkTimescale,
  checkVersion,
  whatToDo,
} from './settings.ts'
import { tryOut } from './trial.ts'

/** Prints what a database server is fit for; the exit code is 1 when something fails. */
export async function doctor({ databaseUrl, json }: DoctorOptions): Promise<void> {
  const checks = await examineUrl(databaseUrl)
  process.stdout.write(json ? `${JSON.stringify(checks)}\n` : `${inLines(checks)}\n`)
  if (checks.some(({ status }) => status === 'fail')) process.exitCode = 1
}

async function examineUrl(url: string): Promise<Check[]> {
  let database: PlainServer
  try {
    database = plainServer(url)
  } catch (error) {
    return [fail('connection', messageOf(error), whatToDo(error))]
  }
  try {
    return await examine(database, systemClock)
  } finally {
    await database.close()
  }
}

/** All checks; only the first where the server cannot be had. What is made to try things out is dropped again. */
export async function examine(database: PlainServer, clock: Clock): Promise<Check[]> {
  const connection = await checkConnection(database)
  if (connection.status === 'fail') return [connection]
  const { check: timescaledb, edition, isEnabled } = await checkTimescale(database)
  return [
    connection,
    await checkVersion(database),
    timescaledb,
    edition,
    await checkRights(database),
    ...(await tryOut(database, isEnabled)),
    await checkClock(database, clock),
    await checkDurability(database),
    await checkSchema(database),
    await checkConnectionsLeft(database),
  ]
}
