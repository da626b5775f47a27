import { Name } from '@farwatch/model'
import { z } from 'zod'
import type { App, AppParts } from '../app.ts'
import { Problem } from '../problem.ts'
import { problemResponse } from '../schemas.ts'

export function cameraRoutes(app: App, { state, clock, views }: AppParts): void {
  app.get(
    '/api/cameras/:site/:device/picture.jpg',
    {
      config: { action: 'pictures.read' },
      schema: {
        tags: ['monitored'],
        summary: 'The newest picture of a camera; the header Age says how many seconds ago it was received',
        params: z.object({ site: Name, device: Name }),
        querystring: z.object({
          v: z.string().max(64).optional().describe('Makes the address a new one; ignored'),
        }),
        response: {
          200: { description: 'JPEG', content: { 'image/jpeg': { schema: z.instanceof(Buffer) } } },
          304: z.undefined().describe('The picture that If-None-Match names is still the newest'),
          default: problemResponse,
        },
      },
    },
    async ({ params: { site, device }, headers, principal }, reply) => {
      if (!views.of(principal).site(site, 'pictures.read')) throw noPicture(`${site}/${device}`, false)
      const picture = state.picture(site, device)
      if (picture === undefined) throw noPicture(`${site}/${device}`, state.hasCamera(site, device))
      const etag = `"${picture.sha256}"`
      reply.headers({
        etag,
        'cache-control': 'private, no-cache',
        'last-modified': new Date(picture.receivedMs).toUTCString(),
        age: String(Math.max(0, Math.floor((clock.now() - picture.receivedMs) / 1000))),
      })
      const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
      if (known?.includes(etag) || known?.includes('*')) return reply.code(304).send(undefined)
      return reply
        .type('image/jpeg')
        .send(Buffer.from(picture.bytes.buffer, picture.bytes.byteOffset, picture.bytes.length))
    },
  )
}

function noPicture(device: string, known: boolean): Problem {
  return known
    ? new Problem({ status: 404, code: 'no-picture', title: `Camera ${device} has sent no picture yet` })
    : new Problem({
        status: 404,
        code: 'unknown-camera',
        title: `Found no camera ${device}`,
        detail: '/api/devices lists the cameras, as SITE/DEVICE.',
      })
}
