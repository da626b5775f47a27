import { parentPort, workerData } from 'node:worker_threads'
import { FarwatchError, messageOf } from '@farwatch/model'
import { createLog, systemClock } from '@farwatch/runtime'
import { type City, startCity } from '../city.ts'
import type { Answer, Call, Failure, Request, WorkerData } from './messages.ts'

// The city's own thread: starts it, then does what `startCityInWorker` asks.
const port = parentPort!
const { config, logLevel } = workerData as WorkerData
const say = (answer: Answer) => port.postMessage(answer)
const log = createLog(logLevel, { write: (line) => say({ kind: 'log', line }) })

try {
  const city = await startCity(config, { clock: systemClock, log })
  port.on('message', (request: Request) => void serve(city, request))
  say({ kind: 'ready', variables: city.variables })
} catch (error) {
  say({ kind: 'not-started', failure: failureOf(error) })
  port.close()
}

async function serve(city: City, { n, call }: Request): Promise<void> {
  try {
    say({ kind: 'done', n, value: (await perform(city, call)) ?? [] })
  } catch (error) {
    say({ kind: 'refused', n, failure: failureOf(error) })
  }
  if (call.call === 'stop') port.close()
}

async function perform(city: City, call: Call): Promise<readonly string[] | undefined> {
  switch (call.call) {
    case 'play':
      await city.play(call.script, call.options)
      return
    case 'halt':
      await city.halt(call.script)
      return
    case 'playing':
      return city.playing()
    case 'stop':
      await city.stop()
      return
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof FarwatchError
    ? { code: error.code, message: error.message, retryable: error.retryable }
    : { code: 'city-failed', message: messageOf(error), retryable: false }
}
