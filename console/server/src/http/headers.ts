const mapbox = {
  images: 'https://api.mapbox.com',
  connect: 'https://*.tiles.mapbox.com https://api.mapbox.com https://events.mapbox.com',
}

/**
 * Headers of every answer, unless it says otherwise. Mapbox's hosts are let in only where a token is set, as its documentation
 * lists them. Only what came over TLS of our own may tell browsers never to come without (RFC 6797, 7.2).
 */
export function defaultHeaders(mapboxToken: string | null, tls: boolean): Readonly<Record<string, string>> {
  const withMapbox = mapboxToken !== null
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    `img-src 'self' data: blob:${withMapbox ? ` ${mapbox.images}` : ''}`,
    "media-src 'self'",
    `connect-src 'self'${withMapbox ? ` ${mapbox.connect}` : ''}`,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'cache-control': 'no-store',
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    // Mapbox restricts a token by the address of the page, which it reads from the referrer.
    'referrer-policy': withMapbox ? 'strict-origin-when-cross-origin' : 'no-referrer',
    ...(tls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }
}
