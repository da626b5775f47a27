/**
 * What the console keeps in memory for things nobody has registered, and for pictures. What would go beyond is left out
 * of the live picture (never out of the database) and counted.
 */
export interface LiveBounds {
  /** Unregistered sites, devices and points, each over the whole platform. */
  readonly sites: number
  readonly devices: number
  readonly points: number
  readonly gateways: number
  /** One picture. */
  readonly pictureBytes: number
  /** All pictures together; the oldest give way. */
  readonly picturesBytes: number
}

export const defaultBounds: LiveBounds = {
  sites: 1_000,
  devices: 5_000,
  points: 20_000,
  gateways: 1_000,
  pictureBytes: 4 * 1024 * 1024,
  picturesBytes: 256 * 1024 * 1024,
}
