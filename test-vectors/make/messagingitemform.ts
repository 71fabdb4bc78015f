import { toHex } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import type { Vectors } from '../schema.js'

export type Item = Vectors<'messaging'>['items'][number]
export type Place = Pick<Item, 'filter' | 'sent' | 'taken' | 'settled'>

export const PEER = 'sotto1qz85p3ddk68j2cj2ukepf6nk0fhvjnvzn57hkhs66xax703p8q59758trnn'

export const hexOfBody = (value: Wire | undefined): string => (value === undefined ? '' : toHex(encode(value)))
