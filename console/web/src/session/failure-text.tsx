import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import type { Failure } from './ask.ts'

const known = [
  'network',
  'wrong-credentials',
  'too-many-attempts',
  'busy',
  'no-account',
  'unknown-account',
  'account-exists',
  'conflict',
  'beyond-own-rights',
  'bad-grant',
  'last-administrator',
  'weak-password',
  'no-password',
  'no-pending-second-factor',
  'wrong-code',
  'too-many',
  'unknown-session',
  'unknown-token',
  'invalid-request',
  'forbidden',
  'single-sign-on-failed',
] as const

/** Why something was not done, in the words of the one who asked. */
export function FailureText({ failure }: { failure: Failure | undefined }) {
  const { t } = useWords()
  if (failure === undefined) return null
  const code = known.find((one) => one === failure.code)
  return (
    <p className="form-failure" role="alert" data-testid="failure" data-code={failure.code}>
      <Icon name="warn" size={16} />
      <span>
        {code === undefined
          ? t('failure.other', { detail: failure.title || failure.code })
          : t(`failure.${code}`, { seconds: failure.retryAfterS, detail: failure.title })}
      </span>
    </p>
  )
}
