export { openRegistry, type RegistryDeps, type RegistryService } from './open.ts'
export { changeAction } from './record.ts'
export { SupervisionFile } from './seed.ts'
