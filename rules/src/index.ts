export { loadRules } from './language/load.ts'
export type { Rule } from './language/rule.ts'
export { loadWebhooks, type WebhookConfig } from './notify/config.ts'
export { type RulesConfig, type RulesDeps, start } from './start.ts'
