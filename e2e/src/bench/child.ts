import { type ChildProcess, fork } from 'node:child_process'

/** One end of a talk between a bench and a process that it started: messages come in the order they were sent. */
export interface Line<Out, In> {
  send(message: Out): void
  /** The next message; rejects when the other side has ended. */
  receive(): Promise<In>
}

/**
 * Starts a module in a process of its own, so that its CPU time and memory are counted apart. What it prints goes to
 * standard error. It ends when this process does.
 */
export function startChild<Out, In>(
  module: URL,
  environment: NodeJS.ProcessEnv = process.env,
  execArgv: readonly string[] = [],
): Line<Out, In> & { stop(): Promise<void> } {
  const child = fork(module, {
    serialization: 'advanced',
    stdio: ['ignore', process.stderr, 'inherit', 'ipc'],
    env: environment,
    execArgv: [...execArgv],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    ...lineOver<Out, In>(child, 'exit'),
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** The line to the process that started this one; when that ends or hangs up, this one ends. */
export function lineToParent<Out, In>(): Line<Out, In> {
  process.once('disconnect', () => process.exit())
  return lineOver<Out, In>(process, 'disconnect')
}

function lineOver<Out, In>(
  end: ChildProcess | NodeJS.Process,
  closing: 'exit' | 'disconnect',
): Line<Out, In> {
  const come: In[] = []
  const waiting: PromiseWithResolvers<In>[] = []
  let over = false
  const gone = () => new Error('the other process has ended; what it said stands above')
  end.on('message', (message: In) => {
    const next = waiting.shift()
    if (next) next.resolve(message)
    else come.push(message)
  })
  end.once(closing, () => {
    over = true
    for (const { reject } of waiting.splice(0)) reject(gone())
  })
  return {
    send(message) {
      end.send?.(message as object)
    },
    receive() {
      if (come.length > 0) return Promise.resolve(come.shift()!)
      if (over) return Promise.reject(gone())
      const next = Promise.withResolvers<In>()
      waiting.push(next)
      return next.promise
    },
  }
}
