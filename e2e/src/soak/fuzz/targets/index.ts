import type { TargetKind } from '../target.ts'
import { evidence } from './evidence.ts'
import { exports } from './export.ts'
import { gateway } from './gateway.ts'
import { hj212 } from './hj212.ts'
import { journal } from './journal.ts'
import { modelBinary } from './model-binary.ts'
import { modelText } from './model-text.ts'
import { mqttTargets } from './mqtt.ts'

/** Everything that reads bytes from outside. A new decoder is a target in one of these lists. */
export const targets: readonly TargetKind[] = [
  ...modelBinary,
  ...modelText,
  ...evidence,
  ...exports,
  ...gateway,
  ...hj212,
  journal,
  ...mqttTargets,
]
