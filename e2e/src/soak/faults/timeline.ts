import { appendFileSync } from 'node:fs'

/** A fault while it was on. */
export interface Spell {
  readonly name: string
  readonly fromMs: number
  /** Undefined while it lasts. */
  toMs: number | undefined
}

/** What happened when: one JSON object a line in a file, and the spells of faults for a diagnosis. */
export class Timeline {
  readonly spells: Spell[] = []
  readonly #file: string
  readonly #say: (text: string) => void

  constructor(file: string, say: (text: string) => void) {
    this.#file = file
    this.#say = say
  }

  note(what: string, details: object = {}): void {
    const line = { at: new Date().toISOString(), what, ...details }
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  tell(text: string): void {
    this.#say(text)
    this.note(text)
  }

  begin(name: string): Spell {
    const spell = { name, fromMs: Date.now(), toMs: undefined }
    this.spells.push(spell)
    this.note('begins', { fault: name })
    return spell
  }

  end(spell: Spell): void {
    spell.toMs = Date.now()
    this.note('ends', { fault: spell.name })
  }

  /** Which faults were on at that time or up to `beforeMs` before it. */
  around(timeMs: number, beforeMs = 0): string[] {
    return this.spells
      .filter(
        ({ fromMs, toMs }) => fromMs <= timeMs && (toMs ?? Number.POSITIVE_INFINITY) >= timeMs - beforeMs,
      )
      .map(({ name }) => name)
  }
}
