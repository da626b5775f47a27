import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const configuration = `
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa-not-critical]
extendedKeyUsage = timeStamping
[tsa-many]
extendedKeyUsage = critical,timeStamping,codeSigning
[tsa-none]
basicConstraints = CA:false
[time]
serial = $ENV::FOLDER/serial
default_policy = 1.2.3.4.1
digests = sha256,sha512
signer_digest = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = $ENV::ESS
`

/** OpenSSL as certificate and timestamp authority, with keys of its own in a temporary folder. */
export class OpensslAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'farwatch-tsa-'))
  readonly #openssl: string

  constructor(openssl: string) {
    this.#openssl = openssl
    writeFileSync(join(this.folder, 'openssl.cnf'), configuration)
    writeFileSync(join(this.folder, 'serial'), '01')
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  run(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
    const env = { ...process.env, FOLDER: this.folder, ESS: 'sha256', ...environment }
    return execFileSync(this.#openssl, parameters, { cwd: this.folder, env, encoding: 'utf8', stdio: 'pipe' })
  }

  /** `NAME.key` and a self-signed `NAME.pem`. */
  root(name: string): void {
    this.#key(name, 'ec')
    const made = ['-new', '-x509', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-days', '30']
    this.run(['req', ...made, '-config', 'openssl.cnf', '-extensions', 'ca', '-out', `${name}.pem`])
  }

  /** `NAME.key` and `NAME.pem`, issued by another one; the section says what it is for. */
  issue(
    name: string,
    {
      by,
      section,
      kind = 'ec',
      days = 30,
    }: { by: string; section: string; kind?: 'ec' | 'rsa'; days?: number },
  ): void {
    this.#key(name, kind)
    const request = ['-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-config', 'openssl.cnf']
    this.run(['req', ...request, '-out', `${name}.csr`])
    const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial', '-days', String(days)]
    const extensions = ['-extfile', 'openssl.cnf', '-extensions', section]
    this.run(['x509', '-req', '-in', `${name}.csr`, ...issuer, ...extensions, '-out', `${name}.pem`])
  }

  /** TimeStampResp of `openssl ts` to a TimeStampReq. */
  reply(query: Uint8Array, signer: string, { ess = 'sha256', chain = '' } = {}): Buffer {
    writeFileSync(this.path('query.tsq'), query)
    const who = [
      '-signer',
      `${signer}.pem`,
      '-inkey',
      `${signer}.key`,
      ...(chain ? ['-chain', `${chain}.pem`] : []),
    ]
    const files = ['-queryfile', 'query.tsq', '-out', 'reply.tsr']
    this.run(['ts', '-reply', '-config', 'openssl.cnf', '-section', 'time', ...who, ...files], { ESS: ess })
    return readFileSync(this.path('reply.tsr'))
  }

  /** A good answer's content signed anew by a certificate that `openssl ts` itself would refuse to use. */
  signedAnew(good: Uint8Array, signer: string): Buffer {
    writeFileSync(this.path('good.tsr'), good)
    this.run(['ts', '-reply', '-in', 'good.tsr', '-token_out', '-out', 'token.der'])
    this.run([
      'cms',
      '-verify',
      '-noverify',
      '-inform',
      'DER',
      '-in',
      'token.der',
      '-binary',
      '-out',
      'info.der',
    ])
    const type = ['-econtent_type', '1.2.840.113549.1.9.16.1.4', '-nodetach', '-binary', '-cades']
    const who = ['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, '-md', 'sha256']
    this.run(['cms', '-sign', '-in', 'info.der', ...type, ...who, '-outform', 'DER', '-out', 'anew.der'])
    this.run(['ts', '-reply', '-in', 'anew.der', '-token_in', '-out', 'anew.tsr'])
    return readFileSync(this.path('anew.tsr'))
  }
  #key(name: string, kind: 'ec' | 'rsa'): void {
    const options = kind === 'ec' ? ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['RSA']
    this.run(['genpkey', '-algorithm', ...options, '-out', `${name}.key`])
  }
}

export interface Receiver {
  readonly url: string
  readonly close: () => Promise<void>
}

/** An HTTP server that hands each request's body to the test. */
export async function receive(
  answer: (body: Buffer, response: ServerResponse, headers: Readonly<Record<string, unknown>>) => void,
): Promise<Receiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => answer(Buffer.concat(parts), response, request.headers))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
