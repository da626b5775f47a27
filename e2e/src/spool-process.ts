import { loadIdentity, openSpool } from '@farwatch/gateway/uplink'
import { silentLog, systemClock } from '@farwatch/runtime'

/**
 * A gateway's store and forward in a process of its own, to be killed: measures 1,000,000, 1,000,001 … from the number
 * given on, and prints each once it is on disk.
 */
const [home, url, password, first] = process.argv.slice(2)
const identity = await loadIdentity(home!)
const spool = await openSpool({
  ...{ gateway: 'GW-1', identity, url: url!, password: password!, home: `${home}/gateway` },
  ...{ clock: systemClock, log: silentLog, lingerMs: 1, links: () => [], bytesPerSecond: 400_000 },
})
for (let value = Number(first); ; value++) {
  await spool.add([{ point: 'S/live/m', timeMs: value, value, quality: 0, timeSource: 'device' }])
  process.stdout.write(`${value}\n`)
  await systemClock.sleep(20)
}
