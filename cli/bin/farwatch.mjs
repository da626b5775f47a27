#!/usr/bin/env node
// Plain JavaScript on purpose: started by an older Node, it finds the pinned one and hands over to it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const major = Number(process.versions.node.split('.')[0])
if (major >= 24) {
  const { main } = await import('../src/main.ts')
  await main(process.argv.slice(2))
} else {
  const pinned = findPinned(dirname(fileURLToPath(import.meta.url)))
  if (pinned === undefined) {
    console.error(
      [
        `Farwatch needs Node 24; found Node ${process.versions.node}, and the pinned one is not installed.`,
        'Expected: the npm package that carries it for this platform, an optional dependency of Farwatch.',
        'Do: run "npm install" in the Farwatch folder without --omit=optional, or install Node 24 yourself.',
      ].join('\n'),
    )
    process.exit(1)
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // Ctrl-C reaches the child by itself; this process only waits for it to stop cleanly.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1)
  })
}

function findPinned(from) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const packages = [
    `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
    `node-bin-${process.platform}-${process.arch}`,
  ]
  for (let folder = from; ; folder = dirname(folder)) {
    for (const one of packages) {
      const path = join(folder, 'node_modules', one, 'bin', name)
      if (existsSync(path)) return path
    }
    if (dirname(folder) === folder) return undefined
  }
}
