/** Which package may import which: the arrows of ARCHITECTURE.md. Only cli and e2e know every service. */
export const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  runtime: ['model'],
  evidence: ['model'],
  gateway: ['model', 'runtime', 'evidence'],
  ingest: ['model', 'runtime', 'evidence'],
  rules: ['model', 'runtime', 'evidence'],
  'console-server': ['model', 'runtime'],
  'console-web': ['model'],
  'firmware-sim': ['model', 'runtime'],
  cli: ['model', 'runtime', 'evidence', 'gateway', 'ingest', 'rules', 'console-server', 'firmware-sim'],
  e2e: [
    'model',
    'runtime',
    'evidence',
    'gateway',
    'ingest',
    'rules',
    'console-server',
    'firmware-sim',
    'cli',
  ],
}
