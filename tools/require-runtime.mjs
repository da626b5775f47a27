// Plain JavaScript on purpose: it must run, and explain itself, on a Node too old for the rest.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    [
      `Farwatch needs Node 24 (pinned in package.json as an npm package); this is Node ${major}.${minor}.`,
      'Found: node_modules/.bin/node is missing or is not the one npm put first on the PATH.',
      'Do: run "npm install" without --omit=optional, then start through npm scripts (npm start, npm test).',
    ].join('\n'),
  )
  process.exit(1)
}
