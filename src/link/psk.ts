import { concat, toHex } from '../bytes.js'
import { PSK_LENGTH } from '../session/handshake.js'
import { MAX_PSK_ID } from '../session/hello.js'
import type { Psk, ResponderSide } from '../session/side.js'

/** The one psk of a dialler, copied (SE-88). @throws TypeError, RangeError */
export const pskOfDialler = (psk: Psk | readonly Psk[] | undefined): Psk | undefined => {
  if (psk === undefined) return undefined
  if (isList(psk)) throw new TypeError('expected one psk for a dialler, got a list')
  return copyOf(psk)
}

/** The look-up of a listener's psks, which are copied (SE-88). @throws RangeError */
export const pskOfListener = (psk: Psk | readonly Psk[] | undefined): ResponderSide['pskOf'] => {
  if (psk === undefined) return undefined
  const all = (isList(psk) ? psk : [psk]).map(copyOf)
  const keys = new Map(all.map(({ id, key }) => [toHex(id), key]))
  if (keys.size !== all.length || all.length === 0)
    throw new RangeError(`expected psks with an id each of its own, got ${all.length} with ${keys.size} ids`)
  return (id) => keys.get(toHex(id))
}

/** No message holds a byte of a psk. */
const copyOf = ({ id, key }: Psk): Psk => {
  if (!(id instanceof Uint8Array && key instanceof Uint8Array)) throw new TypeError('expected a psk of two Uint8Arrays')
  if (id.length < 1 || id.length > MAX_PSK_ID)
    throw new RangeError(`expected a psk id of 1..${MAX_PSK_ID} bytes, got ${id.length}`)
  if (key.length !== PSK_LENGTH) throw new RangeError(`expected a psk of ${PSK_LENGTH} bytes, got ${key.length}`)
  if (key.every((byte) => byte === 0)) throw new RangeError('expected a secret psk, got zeros only')
  return { id: concat(id), key: concat(key) }
}

// Array.isArray does not narrow readonly types by itself.
const isList = (psk: Psk | readonly Psk[]): psk is readonly Psk[] => Array.isArray(psk)
