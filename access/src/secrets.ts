import { createHash, randomBytes, randomInt } from 'node:crypto'

/** 256 random bits, as they stand in a cookie or token. They cannot be guessed, so a plain hash keeps them. */
export function newSecretText(): string {
  return randomBytes(32).toString('base64url')
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Without signs that are taken for one another when they are read out or typed. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/** Groups of four letters with lines between; a group is worth 19.8 bits. */
export function newSpokenText(groups: number): string {
  return Array.from({ length: groups }, () =>
    Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join(''),
  ).join('-')
}
