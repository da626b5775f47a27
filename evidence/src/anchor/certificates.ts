import { X509Certificate } from 'node:crypto'
import { FarwatchError } from '@farwatch/model'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  type Extension,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_timeStamping,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'

const longestPath = 8

/** Extensions whose meaning is seen to here; a certificate with any other critical one must be refused (RFC 5280, 4.2). */
const understood = new Set([
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
])

/** Certificates of a PEM file, at least one. @throws FarwatchError `bad-certificates`. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    if (blocks.length === 0) throw new Error('no certificate in it')
    return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw new FarwatchError('bad-certificates', 'expected one or more certificates in PEM form', { cause })
  }
}

/**
 * Why a path from `leaf` over `others` to one of `roots` cannot be trusted as of `atMs` (RFC 5280, 6.1: signatures,
 * names, validity, CA flag, key usage, path length, critical extensions), or undefined. Name constraints make a path
 * untrusted where they are critical; revocation is not looked up.
 */
export function problemOfPath(
  leaf: X509Certificate,
  {
    others,
    roots,
    atMs,
  }: { others: readonly X509Certificate[]; roots: readonly X509Certificate[]; atMs: number },
): string | undefined {
  let here = leaf
  for (let below = 0; below < longestPath; below++) {
    const problem = problemOfOne(here, atMs)
    if (problem !== undefined) return `certificate of ${nameOf(here)}: ${problem}`
    if (roots.some(({ fingerprint256 }) => fingerprint256 === here.fingerprint256)) return undefined
    const issued = (issuer: X509Certificate) => mayIssue(issuer, below) && isIssuedBy(here, issuer)
    const issuer = roots.find(issued) ?? others.find(issued)
    if (issuer === undefined)
      return `nobody among the trusted roots has issued the certificate of ${nameOf(here)}`
    here = issuer
  }
  return `more than ${longestPath} certificates up to a root`
}

/** Why a certificate is not that of a timestamp authority (RFC 3161, 2.3: critical and no other purpose), or undefined. */
export function problemOfPurpose(certificate: X509Certificate): string | undefined {
  const usage = extensionsOf(certificate).find(({ extnID }) => extnID === id_ce_extKeyUsage)
  const purposes = usage === undefined ? [] : [...AsnConvert.parse(usage.extnValue, ExtendedKeyUsage)]
  if (purposes.length !== 1 || purposes[0] !== id_kp_timeStamping || !usage?.critical) {
    return `the certificate of ${nameOf(certificate)} is not one for timestamps alone (extended key usage)`
  }
  const { digitalSignature, nonRepudiation } = KeyUsageFlags
  return hasUsage(certificate, digitalSignature | nonRepudiation)
    ? undefined
    : `the certificate of ${nameOf(certificate)} is not for signatures (key usage)`
}

/** The subject on one line, as in `CN=…, O=…`. */
export function nameOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').reverse().join(', ').slice(0, 300)
}

function problemOfOne(certificate: X509Certificate, atMs: number): string | undefined {
  const [from, to] = [certificate.validFromDate, certificate.validToDate]
  if (!(from.getTime() <= atMs && atMs <= to.getTime())) {
    const at = new Date(atMs).toISOString()
    return `valid from ${from.toISOString()} to ${to.toISOString()}, not at ${at}`
  }
  const unknown = extensionsOf(certificate).find(
    ({ critical, extnID }) => critical && !understood.has(extnID),
  )
  return unknown === undefined ? undefined : `critical extension ${unknown.extnID} is not understood`
}

/** Whether a certificate may issue others, with `below` authorities between it and the leaf. */
function mayIssue(certificate: X509Certificate, below: number): boolean {
  const found = extensionsOf(certificate).find(({ extnID }) => extnID === id_ce_basicConstraints)
  if (found === undefined || !hasUsage(certificate, KeyUsageFlags.keyCertSign)) return false
  const { cA, pathLenConstraint } = AsnConvert.parse(found.extnValue, BasicConstraints)
  return cA && (pathLenConstraint === undefined || pathLenConstraint >= below)
}

/** Any of these usages; a certificate without the extension is for all. */
function hasUsage(certificate: X509Certificate, flags: number): boolean {
  const usage = extensionsOf(certificate).find(({ extnID }) => extnID === id_ce_keyUsage)
  return usage === undefined || (AsnConvert.parse(usage.extnValue, KeyUsage).toNumber() & flags) !== 0
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function extensionsOf(certificate: X509Certificate): readonly Extension[] {
  return AsnConvert.parse(certificate.raw, Certificate).tbsCertificate.extensions ?? []
}
