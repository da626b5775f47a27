import type { Transaction } from './database.ts'
import { databaseError } from './errors.ts'
import { toWire, type WireValue } from './values.ts'

/** One connection, or the embedded engine while one caller has it to itself. */
export interface Session {
  query(sql: string, parameters: readonly WireValue[]): Promise<Record<string, unknown>[]>
  script(sql: string): Promise<void>
  copyIn(sql: string, data: Uint8Array): Promise<number>
}

export async function runQuery<Row>(
  session: Session,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[]> {
  try {
    return (await session.query(sql, parameters.map(toWire))) as Row[]
  } catch (thrown) {
    throw databaseError(thrown)
  }
}

/**
 * PostgreSQL answers COMMIT of a failed transaction with a silent rollback. So a failure is remembered, and a `work` that
 * swallowed it still ends in that error.
 */
export async function runTransaction<T>(
  session: Session,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  let failed: { error: unknown } | undefined
  const remember = async <R>(statement: Promise<R>): Promise<R> => {
    try {
      return await statement
    } catch (thrown) {
      failed ??= { error: databaseError(thrown) }
      throw failed.error
    }
  }
  const transaction: Transaction = {
    query: <Row>(sql: string, parameters: readonly unknown[] = []) =>
      remember(runQuery<Row>(session, sql, parameters)),
    script: (sql) => remember(session.script(sql)),
    copyIn: (table, columns, data) => remember(session.copyIn(`copy ${table} (${columns.join(', ')})`, data)),
  }
  await remember(session.query('begin', []))
  let result: T
  try {
    result = await work(transaction)
    if (failed) throw failed.error
  } catch (thrown) {
    // Where the connection is gone the server rolls back by itself.
    await session.query('rollback', []).catch(() => undefined)
    throw thrown
  }
  await remember(session.query('commit', []))
  return result
}
