import { expect, test } from 'vitest'
import { Connections } from './connections.ts'

const bounds = { admitted: 4, anonymous: 2, perUser: 3, strangers: 3, strangersPerAddress: 2 }

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
  const comes = (name: string, user?: string) => {
    connections.enter(name, 'a')
    return connections.admit(name, user)
  }
  const noMoreAnonymous = '2 connections without credentials are held already'
  expect([comes('x1'), comes('x2'), comes('x3')]).toEqual([undefined, undefined, noMoreAnonymous])
  const noMore = '4 connections are held already'
  expect([comes('g1', 'G1'), comes('g2', 'G2'), comes('g3', 'G3')]).toEqual([undefined, undefined, noMore])
  for (let i = 0; i < 20; i++) connections.enter(`s${i}`, 'a')
  expect(connections.all).toEqual(expect.arrayContaining(['x1', 'x2', 'g1', 'g2']))
  expect(connections.count).toBe(bounds.admitted + bounds.strangersPerAddress)
  connections.leave('g1')
  expect(comes('g4', 'G4')).toBeUndefined()
})

test('J6 one user holds so many connections and no more, others go on', () => {
  const connections = new Connections<string>({ ...bounds, perUser: 2 })
  const comes = (name: string, user: string) => {
    connections.enter(name, 'a')
    return connections.admit(name, user)
  }
  expect([comes('s1', 'station'), comes('s2', 'station')]).toEqual([undefined, undefined])
  expect(comes('s3', 'station')).toBe('2 connections of station are held already')
  expect(comes('g1', 'GW-1')).toBeUndefined()
  connections.leave('s1')
  connections.leave('s1')
  expect(comes('s4', 'station')).toBeUndefined()
  expect(comes('s5', 'station')).toBe('2 connections of station are held already')
})

test('J6 who was sent away is not let in afterwards', () => {
  const connections = new Connections<string>({ ...bounds, strangersPerAddress: 1 })
  connections.enter('a1', 'a')
  connections.enter('a2', 'a')
  expect(connections.admit('a1', 'A')).toBe('sent away meanwhile')
  expect(connections.admit('a2', 'A')).toBeUndefined()
})
