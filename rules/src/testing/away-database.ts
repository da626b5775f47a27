import { type Database, DatabaseError } from '@farwatch/runtime'

/** A database that is away: everything fails as it does when nobody answers. */
export const awayDatabase: Database = {
  capabilities: {
    engine: 'server',
    postgres: '17.5',
    timescaledb: '2.23.0',
    edition: 'community',
    backgroundWorkers: true,
  },
  query: () => Promise.reject(new DatabaseError('nobody answers')),
  transaction: () => Promise.reject(new DatabaseError('nobody answers')),
  sync: () => Promise.reject(new DatabaseError('nobody answers')),
  close: async () => undefined,
}
