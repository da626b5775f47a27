/** A message that was acknowledged, as its sender knows it. */
export interface Acknowledged {
  /** Bytes of its payload that no other message has. */
  readonly marker: string
  readonly packetId: number
  /** The sender's port; undefined for whoever sent from a port that no other message names. */
  readonly port: number | undefined
}

interface Call {
  readonly name: string
  /** What `strace -yy` says the descriptor is: a path, or `TCP:[server->client]`. */
  readonly target: string
  /** Strings among its arguments, one after another. */
  readonly data: Buffer
  readonly result: number
  /** Lines of the trace on which it began and on which it had returned. */
  readonly start: number
  readonly end: number
}

const writes = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'])

/**
 * Reads a trace of `strace -f -yy -xx` and tells of each message why it is not shown that its record was written to a
 * journal's segment, and that file synced, before its PUBACK was sent. Empty when all is proven.
 */
export function unproven(trace: string, messages: readonly Acknowledged[]): string[] {
  const calls = callsOf(trace)
  const acknowledgements = pubacksOf(calls)
  const segments = calls.filter(({ target }) => /\/journal\/\d{16}\.log$/.test(target))
  const named = new Set(messages.map(({ port }) => port))
  return messages.flatMap(({ marker, packetId, port }) => {
    const bytes = Buffer.from(marker)
    const write = segments.find(
      ({ name, data, result }) => writes.has(name) && result > 0 && data.includes(bytes),
    )
    if (write === undefined) return [`${marker}: no write of its record`]
    const sync = segments.find(
      ({ name, target, result, start }) =>
        (name === 'fdatasync' || name === 'fsync') &&
        target === write.target &&
        result === 0 &&
        start > write.end,
    )
    if (sync === undefined) return [`${marker}: its record was never synced`]
    const sent = acknowledgements.find(
      (one) => one.packetId === packetId && (port === undefined ? !named.has(one.port) : one.port === port),
    )
    if (sent === undefined) return [`${marker}: no PUBACK of packet ${packetId}`]
    return sent.start > sync.end
      ? []
      : [`${marker}: PUBACK on line ${sent.start}, fsync complete only on line ${sync.end}`]
  })
}

/** Complete calls in the order of their beginnings; one that another thread interrupts stands on two lines. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = []
  const begun = new Map<string, { text: string; start: number }>()
  for (const [line, text] of trace.split('\n').entries()) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(text) ?? []
    if (thread === undefined || rest === undefined) continue
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, { text: rest.slice(0, -'<unfinished ...>'.length), start: line })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const before = resumed ? begun.get(thread) : undefined
    const whole = resumed ? `${before?.text ?? ''}${resumed[1]}` : rest
    const call = callOf(whole, { start: before?.start ?? line, end: line })
    if (call !== undefined) calls.push(call)
  }
  return calls.sort((a, b) => a.start - b.start)
}

function callOf(text: string, lines: { start: number; end: number }): Call | undefined {
  const [, name, target, rest] = /^(\w+)\(\d+<((?:TCP[^\]]*\]+|[^>])*)>(.*)$/.exec(text) ?? []
  const result = /= (-?\d+)[^"]*$/.exec(text)?.[1]
  if (name === undefined || target === undefined || rest === undefined || result === undefined)
    return undefined
  const data = Array.from(rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g), ([, hex]) => unhex(hex!))
  const path = target.includes('\\x') ? unhex(target).toString() : target
  return { name, target: path, data: Buffer.concat(data), result: Number(result), ...lines }
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}

/** PUBACKs in what went to each client, however it was divided among calls. */
function pubacksOf(calls: readonly Call[]): { port: number; packetId: number; start: number }[] {
  const streams = new Map<string, Buffer>()
  const found: { port: number; packetId: number; start: number }[] = []
  for (const { name, target, data, result, start } of calls) {
    const port = /^TCP.*->.*:(\d+)\]+$/.exec(target)?.[1]
    if (port === undefined || !writes.has(name) || result <= 0) continue
    let rest = Buffer.concat([streams.get(target) ?? Buffer.alloc(0), data.subarray(0, result)])
    // All that a server sends here has less than 128 bytes, so its length is one byte.
    while (rest.length >= 2 && rest.length >= 2 + rest[1]!) {
      if (rest[0] === 0x40) found.push({ port: Number(port), packetId: rest.readUInt16BE(2), start })
      rest = rest.subarray(2 + rest[1]!)
    }
    streams.set(target, rest)
  }
  return found
}
