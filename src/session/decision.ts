/** The way a message travels: from the initiator to the responder, or back. */
export type Way = 'ir' | 'ri'

/**
 * The name of one decision, the same at both ends and never sent (SE-60): the first 8 bytes of the session id in hex, the
 * way, the exchange, the message's index in it. Exchange 0 is the initiation, or an act that was never sent.
 */
export const decisionId = (sessionId: string, way: Way, exchange: number, index: number): string =>
  `${sessionId.slice(0, 16)}.${way}.${exchange}.${index}`
