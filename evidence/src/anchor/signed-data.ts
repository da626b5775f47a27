import { createHash, verify, X509Certificate } from 'node:crypto'
import { FarwatchError } from '@farwatch/model'
import { type ContentInfo, id_signedData, SignedData, type SignerInfo } from '@peculiar/asn1-cms'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { Certificate, SubjectKeyIdentifier } from '@peculiar/asn1-x509'
import {
  type AsnType,
  Constructed,
  fromBER,
  ObjectIdentifier,
  OctetString as OctetStringBlock,
  Sequence,
} from 'asn1js'

const attributes = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const

/** SHA-1 stands only where it names a certificate (ESSCertID); nothing signed with it is believed. */
const digests: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** Signature algorithms by object identifier, with the kind of key and the digest that they stand for. */
const signatures: Readonly<Record<string, { key: string; digest?: string }>> = {
  '1.2.840.113549.1.1.1': { key: 'rsa' },
  '1.2.840.113549.1.1.11': { key: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', digest: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', digest: 'sha512' },
}

const setTag = 0x31

export interface OpenSignedData {
  readonly contentType: string
  readonly content: Uint8Array
  /** The certificate whose key made the signature; not yet trusted. */
  readonly signer: X509Certificate
  readonly certificates: readonly X509Certificate[]
}

/**
 * Opens CMS SignedData (RFC 5652) with one signer and checks everything inside it: digest of the content, signature over
 * the signed attributes, and that these name the signer's certificate (RFC 5035). Whether that certificate can be
 * trusted is for the caller.
 * @throws FarwatchError `bad-signed-data`.
 */
export function openSignedData({ contentType: outer, content: der }: ContentInfo): OpenSignedData {
  if (outer !== id_signedData) throw wrong(`content type ${outer}, expected signed data`)
  const signed = AsnConvert.parse(der, SignedData)
  const { eContentType: contentType, eContent } = signed.encapContentInfo
  if (eContent?.single === undefined) throw wrong('there is no content in it')
  const content = new Uint8Array(eContent.single.buffer)
  const [signer, ...more] = signed.signerInfos
  if (signer === undefined || more.length > 0)
    throw wrong(`${more.length} signers too many or none, expected one`)

  const digest = digests[signer.digestAlgorithm.algorithm]
  if (digest === undefined)
    throw wrong(`digest algorithm ${signer.digestAlgorithm.algorithm} is not accepted`)
  const type = fromBER(attributeOf(signer, attributes.contentType)).result
  if (!(type instanceof ObjectIdentifier && type.valueBlock.toString() === contentType)) {
    throw wrong('the signature is about another type of content')
  }
  const messageDigest = AsnConvert.parse(attributeOf(signer, attributes.messageDigest), OctetString)
  const expected = createHash(digest).update(content).digest()
  if (!expected.equals(new Uint8Array(messageDigest.buffer)))
    throw wrong('the content is not what was signed')

  const { certificates, signedAttributes } = rawPartsOf(der)
  const certificate = certificates.find((candidate) => isNamedBy(candidate, signer))
  if (certificate === undefined) throw wrong("the signer's certificate is not in it")
  checkSignature({ signer, signedAttributes, digest }, certificate)
  checkSigningCertificate(signer, certificate)
  return { contentType, content, signer: certificate, certificates }
}

function checkSignature(
  { signer, signedAttributes, digest }: { signer: SignerInfo; signedAttributes: Buffer; digest: string },
  certificate: X509Certificate,
): void {
  const { algorithm } = signer.signatureAlgorithm
  const known = signatures[algorithm]
  const { publicKey } = certificate
  if (known === undefined) throw wrong(`signature algorithm ${algorithm} is not accepted`)
  if (known.key !== publicKey.asymmetricKeyType)
    throw wrong(`signature algorithm ${algorithm} does not suit the key`)
  // What is signed is the SET OF itself, not its place in the message (RFC 5652, 5.4).
  const toBeSigned = Buffer.concat([Buffer.of(setTag), signedAttributes.subarray(1)])
  const signature = new Uint8Array(signer.signature.buffer)
  if (!verify(known.digest ?? digest, toBeSigned, publicKey, signature))
    throw wrong('the signature does not match')
}

/** ESSCertID or ESSCertIDv2: the signature holds for this certificate only, not for another one of the same key. */
function checkSigningCertificate(signer: SignerInfo, certificate: X509Certificate): void {
  const v2 = signer.signedAttrs?.some(({ attrType }) => attrType === attributes.signingCertificateV2) ?? false
  const attribute = attributeOf(signer, v2 ? attributes.signingCertificateV2 : attributes.signingCertificate)
  const first = (block: AsnType | undefined) => partsOf(block)[0]
  const parts = partsOf(first(first(fromBER(attribute).result)))
  const named = first(parts[0])
  const digest = v2
    ? named instanceof ObjectIdentifier
      ? digests[named.valueBlock.toString()]
      : 'sha256'
    : 'sha1'
  const hash = parts.find((part) => part instanceof OctetStringBlock)
  if (digest === undefined || hash === undefined)
    throw wrong('its signing certificate attribute cannot be read')
  const expected = createHash(digest).update(certificate.raw).digest()
  if (!expected.equals(hash.valueBlock.valueHexView))
    throw wrong("the signature is for another certificate than the signer's")
}

/** The one value of a signed attribute that must be there once. */
function attributeOf(signer: SignerInfo, type: string): ArrayBuffer {
  const found = (signer.signedAttrs ?? []).filter(({ attrType }) => attrType === type)
  const [value, ...more] = found.flatMap(({ attrValues }) => attrValues)
  if (value === undefined || more.length > 0) throw wrong(`signed attribute ${type} is not there once`)
  return value
}

function isNamedBy(certificate: X509Certificate, { sid }: SignerInfo): boolean {
  const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate)
  if (sid.issuerAndSerialNumber !== undefined) {
    const { issuer, serialNumber } = sid.issuerAndSerialNumber
    return (
      same(AsnConvert.serialize(issuer), AsnConvert.serialize(tbsCertificate.issuer)) &&
      same(serialNumber, tbsCertificate.serialNumber)
    )
  }
  const extension = tbsCertificate.extensions?.find(({ extnID }) => extnID === '2.5.29.14')
  if (extension === undefined || sid.subjectKeyIdentifier === undefined) return false
  return same(
    AsnConvert.parse(extension.extnValue, SubjectKeyIdentifier).buffer,
    sid.subjectKeyIdentifier.buffer,
  )
}

/** What must be taken byte for byte as it came: written anew, it might no longer match the signature over it. */
function rawPartsOf(signedData: ArrayBuffer): { certificates: X509Certificate[]; signedAttributes: Buffer } {
  const parts = partsOf(fromBER(signedData).result)
  const certificates = partsOf(parts.find(isTaggedZero)).filter((part) => part instanceof Sequence)
  const signedAttributes = partsOf(partsOf(parts.at(-1))[0]).find(isTaggedZero)
  if (signedAttributes === undefined) throw wrong('there are no signed attributes')
  return {
    certificates: certificates.map(({ valueBeforeDecodeView }) => new X509Certificate(valueBeforeDecodeView)),
    signedAttributes: Buffer.from(signedAttributes.valueBeforeDecodeView),
  }
}

function partsOf(block: AsnType | undefined): AsnType[] {
  return block instanceof Constructed ? block.valueBlock.value : []
}

/** `[0]`, context-specific. */
function isTaggedZero({ idBlock }: AsnType): boolean {
  return idBlock.tagClass === 3 && idBlock.tagNumber === 0
}

function same(a: ArrayBuffer, b: ArrayBuffer): boolean {
  return Buffer.from(a).equals(Buffer.from(b))
}

function wrong(problem: string): FarwatchError {
  return new FarwatchError('bad-signed-data', problem)
}
