interface Decoder {
  decode(bytes: Uint8Array): string
}

// Every platform has TextDecoder, but this package compiles with the types of none.
const { TextDecoder } = globalThis as unknown as { TextDecoder: new () => Decoder }
const decoder = new TextDecoder()

/** UTF-8 bytes as text; ill-formed sequences become U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}
