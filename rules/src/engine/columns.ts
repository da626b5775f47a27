/** Floats one after the other, handed on in pieces of equal size. */
export class Column {
  readonly #size: number
  readonly #full: Float64Array[] = []
  #spare: Float64Array | undefined
  #open: Float64Array
  #count = 0

  constructor(size: number) {
    this.#size = size
    this.#open = new Float64Array(size)
  }

  push(number: number): void {
    if (this.#count === this.#size) {
      this.#full.push(this.#open)
      this.#open = this.#spare ?? new Float64Array(this.#size)
      this.#spare = undefined
      this.#count = 0
    }
    this.#open[this.#count++] = number
  }

  /** Pieces that are full, oldest first. One may be used until the next is asked for. */
  *taken(): Generator<Uint8Array> {
    for (let piece = this.#full.shift(); piece !== undefined; piece = this.#full.shift()) {
      yield new Uint8Array(piece.buffer)
      this.#spare = piece
    }
  }

  /** All that has not been taken; nothing may be pushed any more. */
  rest(): Uint8Array {
    const pieces = [...this.#full, this.#open.subarray(0, this.#count)]
    return Buffer.concat(pieces.map((piece) => new Uint8Array(piece.buffer, 0, piece.byteLength)))
  }
}

/** Values as JSON, each once; a number stands for each. Objects must not change: most are met again as the same object. */
export class Values {
  readonly texts: string[] = []
  readonly #known = new Map<unknown, number>()
  readonly #byText = new Map<string, number>()

  /** Of a text of JSON that is not looked up again. */
  add(text: string): number {
    return this.texts.push(text) - 1
  }

  of(value: unknown): number {
    let number = this.#known.get(value)
    if (number !== undefined) return number
    const text = JSON.stringify(value)
    number = this.#byText.get(text)
    if (number === undefined) {
      number = this.add(text)
      this.#byText.set(text, number)
    }
    this.#known.set(value, number)
    return number
  }
}

/** Reads floats in the order in which they were pushed. */
export class NumberReader {
  readonly #numbers: Float64Array
  #at = 0

  constructor(numbers: Float64Array) {
    this.#numbers = numbers
  }

  get isAtEnd(): boolean {
    return this.#at === this.#numbers.length
  }

  /** @throws RangeError beyond the end. */
  next(): number {
    if (this.#at >= this.#numbers.length) throw new RangeError('numbers are missing')
    return this.#numbers[this.#at++]!
  }

  /** A whole number from `least` up, and not more than there are numbers. @throws RangeError for another. */
  count(least = 0): number {
    const count = this.next()
    if (Number.isInteger(count) && count >= least && count <= this.#numbers.length) return count
    throw new RangeError(`found ${count}, expected a whole number from ${least} up`)
  }

  /** Copies so many of the next numbers to the beginning of others. @throws RangeError beyond the end. */
  copyTo(target: number[], count: number): void {
    if (this.#at + count > this.#numbers.length) throw new RangeError('numbers are missing')
    for (let i = 0; i < count; i++) target[i] = this.#numbers[this.#at + i]!
    this.#at += count
  }
}
