import type { PointKey } from '@farwatch/model'
import { airlock } from './airlock.ts'
import { flueOxygen, nitrogenOxides } from './boiler.ts'
import { noiseLevel, pm10, tsp, windDirection, windSpeed } from './building-site.ts'
import { ammonia, coldRoomTemperature } from './cold-room.ts'
import { collectorPower, filterPressure } from './dust-collector.ts'
import { ethanol } from './ethanol.ts'
import { grinder } from './grinder.ts'
import { hopperTemperature } from './hopper-temperature.ts'
import { noHelmet } from './no-helmet.ts'
import type { Process } from './process.ts'
import { running } from './running.ts'
import { acidity, outletFlow, residue } from './sewage.ts'
import { tankLevel } from './tank-level.ts'

export const cellarSensors = ['LEL01', 'LEL02', 'LEL03', 'LEL04'] as const
export const coldRooms = ['room1', 'room2', 'room3', 'room4'] as const

/** Not a point of the registry: what the gate camera's detector sees, from 0 to 1. */
export const helmetDetector: PointKey = 'E10/gate/no-helmet'

/** Every process of the simulated city by the point it drives. */
export function cityProcesses(seed: number): ReadonlyMap<PointKey, Process> {
  const processes = new Map<PointKey, Process>()
  const add = (key: PointKey, make: (seed: number, key: PointKey) => Process) =>
    processes.set(key, make(seed, key))

  processes.set('E01/cellar/fan1', running)
  for (const sensor of cellarSensors)
    add(`E01/cellar/${sensor}`, (s, key) => ethanol(s, key, 'E01/cellar/fan1'))
  add('E01/tk101/level', tankLevel)

  add('E02/stack/o2', flueOxygen)
  add('E02/stack/nox', (s, key) => nitrogenOxides(s, key, 'E02/stack/o2'))

  add('E03/line/grinder', grinder)
  add('E03/line/collector', (s, key) => collectorPower(s, key, 'E03/line/grinder'))
  add('E03/line/dp', (s, key) => filterPressure(s, key, 'E03/line/collector'))
  add('E03/line/hopper', (s, key) => hopperTemperature(s, key, 'E03/line/grinder'))
  add('E03/line/airlock', (s, key) => airlock(s, key, 'E03/line/grinder'))

  add('E07/outlet/cod', residue(24, 8))
  add('E07/outlet/nh3n', residue(1.6, 0.9))
  add('E07/outlet/ph', acidity)
  add('E07/outlet/flow', outletFlow)

  for (const room of coldRooms) {
    add(`E09/${room}/nh3`, ammonia)
    add(`E09/${room}/temperature`, coldRoomTemperature)
  }

  add('E10/station1/windSpeed', windSpeed)
  add('E10/station1/windDirection', windDirection)
  add('E10/station1/pm10', (s, key) => pm10(s, key, 'E10/station1/windSpeed'))
  add('E10/station1/tsp', (s, key) => tsp(s, key, 'E10/station1/pm10'))
  add('E10/station1/noise', noiseLevel)
  add(helmetDetector, noHelmet)
  return processes
}
