/** Characters; NIST SP 800-63B 3.1.1.2 demands eight beside a second factor, fifteen without, and no rules of composition. */
export const minPasswordLength = 10
export const maxPasswordLength = 200

/** What is tried first everywhere, as far as it is long enough to get here; without case, digits and marks at the end. */
const common = new Set(
  `password passwort administrator qwertyuiop qwertyuiopasdfghjkl asdfghjkl zxcvbnm iloveyou welcome letmein
   changeme superman football baseball basketball princess sunshine trustno monkey dragon master shadow
   woaini woaiwojia aini wodemima mima mimamima zhongguo beijing shanghai anhui bozhou admin root test guest user
   operator inspector manager farwatch yuanwang supervision qazwsxedc qweasdzxc abcdefghij abcdefg aaaaaaaaaa
   p@ssw0rd p@ssword passw0rd pa$$word`.split(/\s+/),
)
const runs = [
  '0123456789012345678901234567890',
  '9876543210987654321098765432109',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  '1q2w3e4r5t6y7u8i9o0p',
]

/** Why a password cannot be taken, for a person, or undefined. `about`: names that must not be all of it. */
export function passwordProblem(password: string, about: readonly string[]): string | undefined {
  const text = password.normalize('NFKC')
  const length = Array.from(text).length
  if (length < minPasswordLength) return `found ${length} characters, expected at least ${minPasswordLength}`
  if (length > maxPasswordLength) return `found ${length} characters, expected at most ${maxPasswordLength}`
  const plain = text.toLowerCase()
  const stem = plain.replace(/[\d\W_]+$/u, '').replace(/^[\d\W_]+/u, '')
  const names = about.map((name) => name.toLowerCase()).filter((name) => name.length > 2)
  if (common.has(stem) || common.has(plain) || names.includes(stem) || names.includes(plain))
    return 'found one that is among the first to be guessed, expected another'
  if (new Set(plain).size < 4 || runs.some((run) => run.includes(plain)))
    return 'found a row of characters that everybody knows, expected something less regular'
  return undefined
}
