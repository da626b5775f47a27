/** Acts that have a name in both languages; others are shown by their code. */
export const namedActions = [
  'account.change',
  'account.create',
  'account.password',
  'account.reset',
  'account.second-factor',
  'account.second-factor-begin',
  'acts.export',
  'acts.verify',
  'alert.acknowledge',
  'credential.enrol',
  'export.make',
  'key.enrol',
  'key.revoke',
  'registry.change',
  'session.end',
  'session.login',
  'session.logout',
  'session.sso',
  'token.create',
  'token.revoke',
] as const
export type NamedAction = (typeof namedActions)[number]

/** The word for an action; undefined where it has none. */
export function actionWord(action: string) {
  const named = namedActions.find((one) => one === action)
  return named === undefined ? undefined : (`audit.actionName.${dashed(named)}` as const)
}

type Dashed<Text extends string> = Text extends `${infer Head}.${infer Rest}` ? `${Head}-${Rest}` : Text

function dashed<Text extends NamedAction>(action: Text): Dashed<Text> {
  return action.replace('.', '-') as Dashed<Text>
}
