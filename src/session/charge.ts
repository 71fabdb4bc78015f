import { EMPTY } from '../bytes.js'
import { type Exchange, ITEM_CHARGE } from './exchange.js'
import type { BeginHead } from './framewriter.js'

/** What a BEGIN costs of the session window beside subject, labels and body: it bounds messages in number (SE-50). */
export const BEGIN_CHARGE = 64
/** Bytes around a body, at most: type, flags and varints of 8, 8, 8 and 4 bytes, subject and labels apart. */
export const BEGIN_OVERHEAD = 30
export const DATA_OVERHEAD = 14

/** Bytes of subject and labels. */
export const namingOf = (head: Pick<BeginHead, 'subject' | 'labels'> | undefined): number =>
  head === undefined ? 0 : head.subject.length + head.labels.length

/** What is left of a message takes of the session window in all. */
export const chargeOf = (exchange: Exchange): number => {
  const { body = EMPTY, offset } = exchange
  return isFree(exchange) ? 0 : sessionCharge(exchange) + body.length - offset
}

/**
 * SE-157: what goes up in what stands says how far its reader is. Were it to wait for credit of the session, a publisher
 * that waits for that very reader could hold it up for ever.
 */
export const isFree = ({ mine, asking, route }: Exchange): boolean => route.standing && mine && !asking

/** What is due of it with the next frame that ends a message or begins one, beside the body. */
export const sessionCharge = (exchange: Exchange): number => {
  const head = dueOf(exchange)
  return head === undefined ? exchangeCharge(exchange) : BEGIN_CHARGE + namingOf(head)
}

/** As `sessionCharge`, of the exchange's window. */
export const exchangeCharge = ({ stream, asking }: Exchange): number => (stream && !asking ? ITEM_CHARGE : 0)

/** Bytes around the body of the next frame, at most. */
export const overheadOf = (exchange: Exchange): number => {
  const head = dueOf(exchange)
  return head === undefined ? DATA_OVERHEAD : BEGIN_OVERHEAD + namingOf(head)
}

/** What its BEGIN says, as long as that has not gone. */
export const dueOf = ({ id, head }: Exchange): BeginHead | undefined => (id === 0 ? head : undefined)
