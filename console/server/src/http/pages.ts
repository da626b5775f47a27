import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { nothingAt } from './problem.ts'

/**
 * The built pages. A path without a file is a place within the page, so the page itself answers it; the API's paths and
 * missing files are answered with a problem.
 */
export async function servePages(app: App, webRoot: string): Promise<void> {
  const root = resolve(webRoot)
  // The page itself asks who is there; what is in it is in the repository as well.
  app.addHook('onRoute', (route) => {
    if (route.url === '/*') route.config = { ...route.config, action: 'public' }
  })
  await app.register(fastifyStatic, {
    root,
    cacheControl: false,
    dotfiles: 'ignore',
    // Vite puts the content's hash into the names under assets.
    setHeaders: (reply, path) =>
      reply.header(
        'cache-control',
        path.startsWith(join(root, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ),
  })
  app.setNotFoundHandler(async (request, reply) => {
    if (!wantsPage(request)) throw nothingAt(request)
    const built = await access(join(root, 'index.html')).then(
      () => true,
      () => false,
    )
    return built
      ? reply.sendFile('index.html')
      : reply.code(503).type('text/html; charset=utf-8').send(notBuilt)
  })
}

function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  const path = url.split('?')[0] ?? '/'
  const isFile = path.slice(path.lastIndexOf('/')).includes('.')
  const accepts = headers.accept?.includes('text/html') ?? path === '/'
  return (
    (method === 'GET' || method === 'HEAD') &&
    !/^\/(api|metrics|socket\.io)(\/|$)/.test(path) &&
    !isFile &&
    accepts
  )
}

const notBuilt = `<!doctype html>
<html lang="zh">
<meta charset="utf-8">
<title>Farwatch</title>
<h1>控制台页面尚未构建</h1>
<p>请在仓库根目录运行 <code>npm run build -w @farwatch/console-web</code>，然后刷新本页。接口已可用：<a href="/api/openapi.json">/api/openapi.json</a></p>
<h1 lang="en">The console’s pages have not been built</h1>
<p lang="en">Run <code>npm run build -w @farwatch/console-web</code> in the root of the repository, then reload this page. The interface works already: <a href="/api/openapi.json">/api/openapi.json</a></p>
</html>
`
