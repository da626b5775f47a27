/** A value as instruments show it: about three figures, whole numbers plain, a true minus sign. */
export function formatValue(value: number): string {
  const size = Math.abs(value)
  const digits = Number.isInteger(value) || size >= 1_000 ? 0 : size >= 10 ? 1 : 2
  return value
    .toFixed(digits)
    .replace(/^-(?=.*[1-9])/, '\u2212')
    .replace(/^-/, '')
}
