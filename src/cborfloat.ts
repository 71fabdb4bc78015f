/** Where a number and its IEEE 754 bytes meet, big-endian. */
const scratch = new DataView(new ArrayBuffer(8))

export type FloatWidth = 2 | 4 | 8

/** Bytes of the shortest float that keeps `value`, which is not an integer (CB-9). */
export const floatWidth = (value: number): FloatWidth => {
  if (Number.isNaN(value) || Math.abs(value) === Infinity) return 2
  if (Math.fround(value) !== value) return 8
  scratch.setFloat32(0, value)
  // A half has 11 significant bits, none below 2^-24. Its upper end binds integers only.
  const half = (scratch.getUint32(0) & 0x1fff) === 0 && Number.isInteger(value * 2 ** 24)
  return half ? 2 : 4
}

/** The float of `width` bytes at `at`, which must be there. */
export const readFloat = (bytes: Uint8Array, at: number, width: FloatWidth): number => {
  for (let i = 0; i < width; i++) scratch.setUint8(i, bytes[at + i] ?? 0)
  return width === 8 ? scratch.getFloat64(0) : width === 4 ? scratch.getFloat32(0) : halfValue(scratch.getUint16(0))
}

/** Writes `value` at `at` in `width` bytes, which must be able to keep it. */
export const writeFloat = (out: Uint8Array, at: number, value: number, width: FloatWidth): void => {
  if (width === 8) scratch.setFloat64(0, value)
  else if (width === 4) scratch.setFloat32(0, value)
  else scratch.setUint16(0, halfBits(value))
  for (let i = 0; i < width; i++) out[at + i] = scratch.getUint8(i)
}

const halfValue = (bits: number): number => {
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 31) return fraction !== 0 ? Number.NaN : bits < 0x8000 ? Infinity : -Infinity
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits < 0x8000 ? magnitude : -magnitude
}

const halfBits = (value: number): number => {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (magnitude === Infinity) return sign | 0x7c00
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24)
  scratch.setFloat32(0, magnitude)
  // Exponent bias 127 becomes 15; 23 fraction bits become 10.
  return sign | ((scratch.getUint32(0) >>> 13) - ((127 - 15) << 10))
}
