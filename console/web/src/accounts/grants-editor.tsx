import type { Grant, Role } from '@farwatch/model'
import { Icon } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'

const roles: readonly Role[] = [
  'operator',
  'leader',
  'inspector',
  'manager',
  'evaluator',
  'administrator',
  'enterprise',
]
const counties = ['341602', '341621', '341622', '341623'] as const

interface Props {
  readonly grants: readonly Grant[]
  readonly onChange: (grants: readonly Grant[]) => void
}

export const firstGrant: Grant = { role: 'operator', jurisdiction: null, department: null, enterprise: null }

/** Roles, and where each of them holds. */
export function GrantsEditor({ grants, onChange }: Props) {
  const { t } = useWords()
  const change = (n: number, part: Partial<Grant>) =>
    onChange(grants.map((grant, i) => (i === n ? { ...grant, ...part } : grant)))
  const setRole = (n: number, role: Role) =>
    change(
      n,
      role === 'enterprise'
        ? { role, jurisdiction: null, department: null, enterprise: '' }
        : { role, enterprise: null },
    )
  return (
    <fieldset className="grants" data-testid="grants">
      <legend>{t('accounts.grants')}</legend>
      {grants.map((grant, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a grant has no name but its place in the list
        <div className="grant" key={n}>
          <select
            aria-label={t('accounts.role')}
            value={grant.role}
            data-testid={`grant-role-${n}`}
            onChange={(event) => setRole(n, roles.find((role) => role === event.target.value) ?? 'operator')}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </select>
          {grant.role === 'enterprise' ? (
            <input
              aria-label={t('accounts.enterprise')}
              placeholder={t('accounts.enterprise')}
              value={grant.enterprise ?? ''}
              maxLength={18}
              required
              onChange={(event) => change(n, { enterprise: event.target.value.toUpperCase() })}
            />
          ) : (
            <>
              <input
                aria-label={t('accounts.jurisdiction')}
                placeholder={t('grant.everywhere')}
                value={grant.jurisdiction ?? ''}
                list="jurisdictions"
                pattern="[1-9][0-9]{5}([0-9]{3})?"
                title={t('accounts.jurisdiction')}
                maxLength={9}
                data-testid={`grant-jurisdiction-${n}`}
                onChange={(event) => change(n, { jurisdiction: event.target.value || null })}
              />
              <input
                aria-label={t('accounts.department')}
                placeholder={t('accounts.everyDepartment')}
                value={grant.department ?? ''}
                maxLength={64}
                data-testid={`grant-department-${n}`}
                onChange={(event) => change(n, { department: event.target.value || null })}
              />
            </>
          )}
          <button
            type="button"
            className="quiet"
            aria-label={t('accounts.removeGrant')}
            onClick={() => onChange(grants.filter((_, i) => i !== n))}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
      <datalist id="jurisdictions">
        {counties.map((code) => (
          <option key={code} value={code}>
            {t(`county.${code}`)}
          </option>
        ))}
      </datalist>
      <button type="button" className="quiet" onClick={() => onChange([...grants, firstGrant])}>
        <Icon name="plus" size={16} />
        {t('accounts.addGrant')}
      </button>
    </fieldset>
  )
}
