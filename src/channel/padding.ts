/** How long a sender makes its plaintexts: as they are, up to one of a few lengths, or up to a multiple of so many bytes. */
export type Padding = 'none' | 'buckets' | { readonly multiple: number }

/** The lengths of `buckets`: powers of two from here on (CH-35). */
export const LEAST_BUCKET = 64

/** `plaintext` itself if it needs no padding, else a longer one with zeros behind it; never over `limit` bytes (CH-35). */
export const padded = (plaintext: Uint8Array, padding: Padding, limit: number): Uint8Array => {
  if (padding === 'none') return plaintext
  const length = Math.min(limit, padding === 'buckets' ? bucketOf(plaintext.length) : upTo(plaintext.length, padding))
  if (length <= plaintext.length) return plaintext
  const out = new Uint8Array(length)
  out.set(plaintext)
  return out
}

const bucketOf = (length: number): number => {
  let bucket = LEAST_BUCKET
  while (bucket < length) bucket *= 2
  return bucket
}

const upTo = (length: number, { multiple }: { readonly multiple: number }): number =>
  Math.ceil(length / multiple) * multiple
