import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { parseYaml } from '@farwatch/runtime'
import { figuresFile, parseFigures } from './figures.ts'
import { Points, pointsFile } from './points.ts'
import { countsOf, notesOf, objections, type State, tabulate, toMarkdown, verdictOf } from './table.ts'
import { TestRun, testRunFile } from './test-run.ts'

const root = new URL('../..', import.meta.url).pathname
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const colours: Record<State, Parameters<typeof styleText>[0]> = {
  shown: 'green',
  partly: 'yellow',
  'not done': 'dim',
  failed: 'red',
  unproven: 'red',
}

function main(): number {
  if (!existsSync(join(root, testRunFile))) {
    console.error(`No test run found (${testRunFile}): run "npm test" first, whole and to its end.`)
    return 1
  }
  const run = TestRun.parse(JSON.parse(read(testRunFile)))
  const points = parseYaml(read(pointsFile), Points, pointsFile)
  const figures = existsSync(join(root, figuresFile)) ? parseFigures(read(figuresFile)) : []
  const groups = tabulate(points, run, figures)
  for (const { title, rows } of groups) {
    console.log(`\n${styleText('bold', title)}`)
    for (const row of rows) {
      const { passed, failed, skipped } = countsOf(row)
      const tests = `${passed} passed, ${failed} failed, ${skipped} skipped`
      const verdict = styleText(colours[row.state], verdictOf(row))
      const peers = row.peers.length > 0 ? `  with ${row.peers.join(', ')}` : ''
      console.log(`${row.point.id.padEnd(3)} ${tests.padEnd(31)} ${verdict}${peers}`)
      for (const note of notesOf(row)) console.log(`    ${styleText('dim', note)}`)
    }
  }
  writeFileSync(join(root, 'docs/acceptance.md'), toMarkdown(groups))
  const against = objections(groups, run)
  for (const objection of against) console.error(styleText('red', objection))
  return against.length === 0 ? 0 : 1
}

process.exitCode = main()
