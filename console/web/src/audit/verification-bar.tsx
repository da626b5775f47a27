import type { ActVerification } from '@farwatch/model'
import { useEffect, useState } from 'react'
import { useWords } from '../i18n/index.ts'
import { beginVerification, fetchVerification } from './api.ts'
import { formatMoment } from './moment.ts'

const lookEveryMs = 1_000

/** Whether the log of acts is whole, as of when, and the button that looks again. */
export function VerificationBar() {
  const { t, language } = useWords()
  const [found, setFound] = useState<ActVerification>()
  const [problem, setProblem] = useState('')
  const running = found?.state === 'running'
  useEffect(() => {
    const stop = new AbortController()
    const look = () =>
      fetchVerification(stop.signal).then(setFound, (error: Error) => {
        if (!stop.signal.aborted) setProblem(error.message)
      })
    void look()
    const timer = running ? setInterval(look, lookEveryMs) : undefined
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [running])
  const begin = () => {
    setProblem('')
    beginVerification().then(setFound, (error: Error) => setProblem(error.message))
  }
  const whole = found?.state === 'done' && found.faults.length === 0
  const broken = (found?.faults.length ?? 0) > 0
  return (
    <section
      className="audit-verification"
      data-state={broken ? 'broken' : whole ? 'whole' : 'open'}
      data-testid="verification"
    >
      <p role="status">
        {found === undefined && '…'}
        {found?.state === 'never' && t('audit.never')}
        {running && t('audit.running', { done: found.done, of: found.of })}
        {whole && t('audit.whole', { seq: found.upTo, time: formatMoment(found.checkedMs ?? 0, language) })}
        {found?.state === 'done' &&
          broken &&
          t('audit.broken', {
            count: found.faults.length,
            time: formatMoment(found.checkedMs ?? 0, language),
          })}
        {found?.state === 'failed' && t('audit.failed', { problem: found.problem ?? '' })}
      </p>
      {running && <progress max={Math.max(1, found.of)} value={found.done} aria-label={t('audit.verify')} />}
      <button type="button" className="button" disabled={running} onClick={begin} data-testid="verify">
        {t('audit.verify')}
      </button>
      {problem !== '' && <p className="audit-problem">{problem}</p>}
      {broken && (
        <ul className="audit-faults">
          {found?.faults.map(({ fault, seq, toSeq, atMs, detail }) => (
            <li key={`${fault}-${seq}-${detail}`}>
              <b className="num">{toSeq === null ? seq : `${seq}–${toSeq}`}</b>{' '}
              {t(`audit.fault.${faultOf(fault)}`)}
              {atMs !== null && <time> {formatMoment(atMs, language)}</time>} {detail}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

const faults = [
  'altered',
  'added',
  'removed',
  'reordered',
  'broken',
  'unreadable',
  'damaged',
  'anchor-contradicted',
  'anchor-beyond',
] as const

function faultOf(fault: string): (typeof faults)[number] {
  return faults.find((one) => one === fault) ?? 'broken'
}
