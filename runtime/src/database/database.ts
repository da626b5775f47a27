/**
 * The contract of the database: PostgreSQL with TimescaleDB, either a server or embedded in a worker thread. One schema,
 * one SQL. Statements are parameterised (`$1`); identifiers are never built from outside data.
 */
export interface Database extends Queryable {
  readonly capabilities: Capabilities
  /**
   * Runs `work` in one transaction; rolled back when it throws or when one of its statements failed, even if `work`
   * caught that. Embedded, transactions run one after another: use only `transaction` inside, never the database itself.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /**
   * Resolves when everything committed before the call would survive a power cut. A server's commits already do; the
   * embedded engine never syncs, so its files are synced here.
   */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface Queryable {
  /**
   * Rows of one statement. Types: int2/int4/float8 number, int8 number (positions stay far below 2^53), timestamptz Date,
   * jsonb its value, bytea Uint8Array, boolean, arrays of these; numeric and every other type text. As parameters, arrays
   * become SQL arrays and other objects JSON; give a JSON array as its text.
   * @throws FarwatchError `database-unavailable` (retryable), `database-conflict` (serialisation, unique), `database-refused`.
   */
  query<Row = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>
}

export interface Transaction extends Queryable {
  /** COPY … FROM STDIN (FORMAT binary) of a complete PGCOPY stream; `columns` are trusted identifiers. Returns rows. */
  copyIn(table: string, columns: readonly string[], data: Uint8Array): Promise<number>
  /** Several statements without parameters, as migrations are. */
  script(sql: string): Promise<void>
}

export interface Capabilities {
  readonly engine: 'server' | 'embedded'
  /** `17.5` */
  readonly postgres: string
  /** `2.23.0` */
  readonly timescaledb: string
  /** Only Community has continuous aggregates, compression and policies. */
  readonly edition: 'community' | 'apache'
  /** The embedded engine has none: someone must run policies on a timer. */
  readonly backgroundWorkers: boolean
}
