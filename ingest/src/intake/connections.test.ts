import { expect, test } from 'vitest'
import { Connections } from './connections.ts'

const bounds = { admitted: 4, anonymous: 2, strangers: 3, strangersPerAddress: 2 }

test('J6 the oldest stranger of an address goes for the next one from there', () => {
  const connections = new Connections<string>(bounds)
  expect(connections.enter('a1', 'a')).toBeUndefined()
  expect(connections.enter('b1', 'b')).toBeUndefined()
  expect(connections.enter('a2', 'a')).toBeUndefined()
  expect(connections.enter('a3', 'a')).toBe('a1')
  expect(connections.all).toEqual(['b1', 'a2', 'a3'])
})

test('J6 the oldest stranger of all goes where they have become too many', () => {
  const connections = new Connections<string>(bounds)
  for (const address of ['a', 'b', 'c']) expect(connections.enter(address, address)).toBeUndefined()
  expect(connections.enter('d', 'd')).toBe('a')
  expect(connections.count).toBe(3)
})

test('J6 whoever was let in is not touched by strangers, and a share is kept for those with credentials', () => {
  const connections = new Connections<string>(bounds)
  const comes = (name: string, isAnonymous: boolean) => {
    connections.enter(name, 'a')
    return connections.admit(name, isAnonymous)
  }
  expect([comes('x1', true), comes('x2', true), comes('x3', true)]).toEqual([true, true, false])
  expect([comes('g1', false), comes('g2', false), comes('g3', false)]).toEqual([true, true, false])
  for (let i = 0; i < 20; i++) connections.enter(`s${i}`, 'a')
  expect(connections.all).toEqual(expect.arrayContaining(['x1', 'x2', 'g1', 'g2']))
  expect(connections.count).toBe(bounds.admitted + bounds.strangersPerAddress)
  connections.leave('g1')
  expect(comes('g4', false)).toBe(true)
})

test('J6 who was sent away is not let in afterwards', () => {
  const connections = new Connections<string>({ ...bounds, strangersPerAddress: 1 })
  connections.enter('a1', 'a')
  connections.enter('a2', 'a')
  expect(connections.admit('a1', false)).toBe(false)
  expect(connections.admit('a2', false)).toBe(true)
})
