import { type Exchange, ITEM_CHARGE } from './exchange.js'

/** What a BEGIN costs of the session window beside labels and body: it bounds messages in number (SE-50). */
export const BEGIN_CHARGE = 64
/** Bytes around a body, at most: type, flags and varints of 8, 8, 8 and 4 bytes, labels apart. */
export const BEGIN_OVERHEAD = 30
export const DATA_OVERHEAD = 14

/** What is left of a message takes of the session window in all. */
export const chargeOf = (exchange: Exchange): number =>
  sessionCharge(exchange) + (exchange.body?.length ?? 0) - exchange.offset

/** What is due of it with the next frame that ends a message or begins one, beside the body. */
export const sessionCharge = (exchange: Exchange): number =>
  exchange.id === 0 && exchange.head !== undefined
    ? BEGIN_CHARGE + exchange.head.labels.length
    : exchangeCharge(exchange)

/** As `sessionCharge`, of the exchange's window. */
export const exchangeCharge = ({ stream, asking }: Exchange): number => (stream && !asking ? ITEM_CHARGE : 0)

/** Bytes around the body of the next frame, at most. */
export const overheadOf = ({ id, head }: Exchange): number =>
  id === 0 && head !== undefined ? BEGIN_OVERHEAD + head.labels.length : DATA_OVERHEAD
