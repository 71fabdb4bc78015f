import { toHex } from '../bytes.js'
import type { Frame } from '../session/frames.js'

type Hexed<F> = F extends { readonly body: Uint8Array } ? Omit<F, 'body'> & { readonly body: string } : F

/** A frame as vectors have it: its body in hex. */
export type FrameForm = Hexed<Frame>

export const formOf = (frame: Frame): FrameForm => {
  switch (frame.is) {
    case 'BEGIN':
      return { ...frame, labels: { ...frame.labels }, body: toHex(frame.body) }
    case 'ACCEPT':
    case 'REFRESH':
    case 'CREDENTIAL':
    case 'DATA':
    case 'FAULT':
      return { ...frame, body: toHex(frame.body) }
    default:
      return frame
  }
}
