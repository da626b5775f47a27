interface Decoder {
  decode(bytes: Uint8Array): string
}

// Every platform has TextDecoder, but this package compiles with the types of none.
const { TextDecoder } = globalThis as unknown as {
  TextDecoder: new (label?: string, options?: { ignoreBOM: boolean }) => Decoder
}
const decoder = new TextDecoder()
const exactDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** UTF-8 bytes as text; ill-formed sequences become U+FFFD, a byte order mark before it all is left out. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The same with its byte order mark: for names, which must not have two spellings. */
export function exactUtf8(bytes: Uint8Array): string {
  return exactDecoder.decode(bytes)
}
