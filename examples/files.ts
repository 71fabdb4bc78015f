import { bytes, contract, requestResponse, stream } from 'sotto'
import { z } from 'zod'

/** No path: what a peer names stays in the folder. */
const File = z.object({ name: z.string().regex(/^\w[\w-]*(?:\.\w+)*$/) })

/** Shared by the keeper of files and those who send them. */
export const Files = contract('files.v1', {
  // How much of it is kept, and what that is.
  kept: requestResponse({ request: File, response: z.object({ size: z.number(), sha256: z.string() }) }),
  // The rest of it, behind the first `from` bytes.
  keep: stream({ request: File.extend({ from: z.number() }), up: bytes }),
})
