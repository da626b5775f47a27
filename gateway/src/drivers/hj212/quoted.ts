/** What was found, for a person: its beginning with everything odd escaped, at most 200 characters. */
export function quoted(found: string | Buffer): string {
  const text = typeof found === 'string' ? found : found.toString('latin1', 0, 120)
  return JSON.stringify(text.slice(0, 120)).slice(0, 200)
}
