import { Counter, Gauge, type Registry } from '@farwatch/runtime'

/** What the writer counts. */
export function writerMetrics(registry: Registry, behind: () => number) {
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  new Gauge({
    name: 'farwatch_writer_behind_records',
    help: 'Records in the journal that the database does not have yet',
    registers,
    collect() {
      this.set(behind())
    },
  })
  return {
    readings: counter('farwatch_writer_readings_total', 'Readings committed'),
    records: counter('farwatch_writer_records_total', 'Journal records committed'),
    duplicates: counter(
      'farwatch_writer_duplicate_batches_total',
      'Batches dropped because the ledger had them',
    ),
    refused: counter(
      'farwatch_writer_refused_records_total',
      'Records that the database refused, now in quarantine',
    ),
    retries: counter('farwatch_writer_retries_total', 'Commits that failed and were tried again'),
    waiting: new Gauge({
      name: 'farwatch_writer_waiting',
      help: '1 while the writer waits for the database',
      registers,
    }),
    commitMs: new Gauge({
      name: 'farwatch_writer_commit_milliseconds',
      help: 'How long the last commit took',
      registers,
    }),
  }
}
