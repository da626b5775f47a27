import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Credentials, startIntake, startWriter } from '@farwatch/ingest'
import { start as startRules } from '@farwatch/rules'
import {
  createMetrics,
  type Database,
  type Gauge,
  type Journal,
  openJournal,
  silentLog,
  startService,
  systemClock,
} from '@farwatch/runtime'
import { cityRegistry, cityRules, gatewayId } from './city.ts'

/** A centre as `farwatch up` composes it, without console and city: intake, journal, writer, rules. */
export type Centre = Awaited<ReturnType<typeof startCentre>>

export function startCentre(database: Database, publicKeys: readonly string[]) {
  return startService(silentLog, async (life) => {
    const home = await mkdtemp(join(tmpdir(), 'farwatch-bench-'))
    life.onStop('folder', () => rm(home, { recursive: true, force: true }))
    const registry = cityRegistry()
    const rules = await cityRules(home)
    const metrics = createMetrics()
    const base = { clock: systemClock, log: silentLog, metrics, registry }
    const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
    life.onStop('journal', () => journal.close())
    const alertJournal = await openJournal({ folder: join(home, 'alerts'), log: silentLog })
    life.onStop('alert journal', () => alertJournal.close())
    const writer = await startWriter({ ...base, database, journal })
    life.onStop('writer', () => writer.stop(), 10_000)
    const engine = await startRules(
      { rules, webhooks: [] },
      { ...base, database, journal, alertJournal, home },
    )
    life.onStop('rules', () => engine.stop())
    const credentials = await Credentials.open(join(home, 'credentials.json'))
    const passwords: string[] = []
    for (const [g, key] of publicKeys.entries()) {
      passwords.push(await credentials.enrolGateway(gatewayId(g), key))
    }
    const intake = await startIntake({ host: '127.0.0.1', port: 0 }, { ...base, journal, credentials, home })
    life.onStop('intake', () => intake.stop())
    const rulesBehind = metrics.getSingleMetric('farwatch_rules_behind_records') as Gauge
    return {
      ...{ port: intake.port, passwords, rules: rules.length, journal: journal as Journal },
      /** Records that writer and rules have yet to deal with. */
      async behind() {
        const { values } = await rulesBehind.get()
        return { writer: writer.behind, rules: values[0]?.value ?? 0 }
      },
      problem: () => writer.problem,
    }
  })
}
