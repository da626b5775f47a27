import type { Field } from '@farwatch/model'
import { useId } from 'react'
import { Icon } from '../../design/icons.tsx'
import { useWords } from '../../i18n/index.ts'
import type { ContactDraft, FieldDraft } from './draft.ts'
import { useRegistryWords } from './words.ts'

interface FieldProps {
  readonly field: Field
  readonly draft: FieldDraft
  readonly problems: readonly string[]
  /** It stays as it is. */
  readonly fixed: boolean
  readonly onChange: (draft: FieldDraft) => void
}

/** One field of a form: label, the fitting input, unit, hint, and what is wrong with it. */
export function FieldInput({ field, draft, problems, fixed, onChange }: FieldProps) {
  const t = useRegistryWords()
  const { say } = useWords()
  const id = useId()
  const text = typeof draft === 'string' ? draft : ''
  const own = field.type === 'contacts' || field.hint === undefined ? undefined : say(field.hint)
  const hint = fixed ? t('editor.idFixed') : own
  const shared = {
    ...{ id, disabled: fixed || undefined, value: text },
    'aria-invalid': problems.length > 0 || undefined,
    'aria-required': field.required || undefined,
    'aria-describedby': `${id}-more`,
    'data-testid': `field-${field.path}`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  }
  return (
    <div className="registry-field" data-invalid={problems.length > 0 || undefined} data-type={field.type}>
      <label htmlFor={id}>
        {say(field.label)}
        {field.required && (
          <i className="registry-required" title={t('editor.required')}>
            *
          </i>
        )}
      </label>
      {field.type === 'contacts' ? (
        <Contacts id={id} contacts={typeof draft === 'string' ? [] : draft} onChange={onChange} />
      ) : field.type === 'choice' ? (
        <select {...shared}>
          {!field.required || text === '' ? <option value="">{t('editor.choose')}</option> : null}
          {field.choices?.map(({ value, label }) => (
            <option key={value} value={value}>
              {say(label)}
            </option>
          ))}
        </select>
      ) : field.type === 'boolean' ? (
        <span className="registry-check">
          <input
            {...shared}
            type="checkbox"
            value="true"
            checked={text === 'true'}
            onChange={(event) => onChange(String(event.target.checked))}
          />
          {t('editor.yes')}
        </span>
      ) : field.type === 'long-text' ? (
        <textarea {...shared} rows={3} />
      ) : (
        <span className="registry-input">
          <input
            {...shared}
            type={field.type === 'day' ? 'date' : 'text'}
            inputMode={field.type === 'number' ? 'decimal' : undefined}
            placeholder={
              field.example === undefined ? undefined : t('editor.example', { example: field.example })
            }
            autoComplete="off"
            spellCheck={false}
          />
          {field.unit !== undefined && <span className="unit">{field.unit}</span>}
        </span>
      )}
      <div id={`${id}-more`}>
        {problems.map((problem) => (
          <p key={problem} className="registry-problem">
            {problem}
          </p>
        ))}
        {hint !== undefined && <small className="dim">{hint}</small>}
      </div>
    </div>
  )
}

interface ContactsProps {
  readonly id: string
  readonly contacts: readonly ContactDraft[]
  readonly onChange: (contacts: readonly ContactDraft[]) => void
}

function Contacts({ id, contacts, onChange }: ContactsProps) {
  const t = useRegistryWords()
  const names = {
    name: 'editor.contactName',
    role: 'editor.contactRole',
    phone: 'editor.contactPhone',
  } as const
  const change = (at: number, over: Partial<ContactDraft>) =>
    onChange(contacts.map((one, i) => (i === at ? { ...one, ...over } : one)))
  return (
    <div className="registry-contacts">
      {contacts.map((contact, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: contacts have no other identity while they are written
        <div key={at} className="registry-contact">
          {(['name', 'role', 'phone'] as const).map((part) => (
            <input
              key={part}
              aria-label={t(names[part])}
              placeholder={t(names[part])}
              value={contact[part]}
              onChange={(event) => change(at, { [part]: event.target.value })}
            />
          ))}
          <button
            type="button"
            className="quiet"
            aria-label={t('editor.removeContact', { name: contact.name })}
            onClick={() => onChange(contacts.filter((_, i) => i !== at))}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
      <button
        id={id}
        type="button"
        className="quiet"
        onClick={() => onChange([...contacts, { name: '', role: '', phone: '' }])}
      >
        <Icon name="plus" size={16} />
        {t('editor.addContact')}
      </button>
    </div>
  )
}
