/**
 * Delays between tries, for ever: doubling from `firstMs` to `mostMs`, each with a random part so that a thousand
 * gateways do not return in the same second.
 */
export function* backoffMs(
  firstMs: number,
  mostMs: number,
  random: () => number = Math.random,
): Generator<number, never> {
  for (let delay = firstMs; ; delay = Math.min(delay * 2, mostMs)) yield delay / 2 + (random() * delay) / 2
}
