import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf } from '@farwatch/model'
import { benchRules } from '@farwatch/rules/bench'
import { benchRestore } from '@farwatch/rules/bench-restore'
import { type Figure, publish, say } from './figure.ts'
import { benchIngest } from './ingest/ingest.ts'
import { benchLatency } from './latency/latency.ts'
import { benchMemory } from './memory/memory.ts'

const usage = `npm run bench -- NAME
  ingest   [--rows 400000] [--engine embedded|server] [--shape rows_per_s …]
  memory   [--minutes 10] [--engine server]
  latency  [--load 5000] [--samples 300]
  rules
  --figures FILE   where the lines are kept (default .acceptance/figures.jsonl)`

const defaultFile = resolve(import.meta.dirname, '../../..', '.acceptance/figures.jsonl')

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rows: { type: 'string', default: '400000' },
      engine: { type: 'string', multiple: true },
      shape: { type: 'string', multiple: true },
      minutes: { type: 'string', default: '10' },
      load: { type: 'string', default: '5000' },
      samples: { type: 'string', default: '300' },
      figures: { type: 'string', default: defaultFile },
    },
  })
  for await (const figure of bench(positionals[0], values)) await publish(figure, values.figures)
}

interface Values {
  readonly rows: string
  readonly engine?: readonly string[] | undefined
  readonly shape?: readonly string[] | undefined
  readonly minutes: string
  readonly load: string
  readonly samples: string
}

function bench(
  name: string | undefined,
  { rows, engine, shape, minutes, load, samples }: Values,
): AsyncIterable<Figure> {
  switch (name) {
    case 'ingest':
      return benchIngest({ rows: count('--rows', rows), engines: enginesOf(engine), shapes: shape })
    case 'memory':
      return benchMemory({
        minutes: count('--minutes', minutes),
        engine: enginesOf(engine ?? ['server'])[0]!,
      })
    case 'latency':
      return benchLatency({ load: count('--load', load), samples: count('--samples', samples) })
    case 'rules':
      return rules()
    default:
      throw new Error(
        `found ${name === undefined ? 'no bench' : `"${name}"`}, expected one of these:\n${usage}`,
      )
  }
}

/** On this process's one core; results equal to a slow oracle, or it fails. */
async function* rules(): AsyncGenerator<Figure> {
  const { transitions, ...measured } = await benchRules()
  say(`rules: ${measured.samples} evaluations, ${transitions} transitions of alerts as the oracle has them`)
  yield measured
  const { metric, value, unit, points, ...more } = await benchRestore()
  say(`rules: a checkpoint of ${points} points: ${JSON.stringify(more)}`)
  yield { bench: 'rules', metric, value, unit, samples: points }
}

function count(option: string, text: string): number {
  const number = Number(text.replaceAll('_', ''))
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`${option}: found "${text}", expected a whole number above 0`)
  return number
}

function enginesOf(names: readonly string[] | undefined): ('embedded' | 'server')[] {
  return (names ?? ['embedded', 'server']).map((name) => {
    if (name === 'embedded' || name === 'server') return name
    throw new Error(`--engine: found "${name}", expected embedded or server`)
  })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  say(messageOf(error))
  process.exitCode = 1
}
