import type { InputHTMLAttributes } from 'react'

/** A labelled input; `hint` stands below it. */
export function Field({
  label,
  hint,
  onText,
  ...input
}: { label: string; hint?: string; onText: (text: string) => void } & Omit<
  InputHTMLAttributes<HTMLInputElement>,
  'onChange'
>) {
  return (
    <label className="field">
      <span>{label}</span>
      <input {...input} onChange={(event) => onText(event.target.value)} />
      {hint !== undefined && <small className="dim">{hint}</small>}
    </label>
  )
}
