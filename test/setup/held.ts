import { type Runtime, Session } from 'node:inspector'

type Fields = Runtime.GetPropertiesReturnType & { readonly privateProperties?: readonly Runtime.PropertyDescriptor[] }

/** Every byte array that `root` reaches through its fields, private ones included: what no program but a debugger sees. */
export const heldBy = (root: object, depth = 4): readonly Uint8Array[] => {
  const found: Uint8Array[] = []
  const session = new Session()
  session.connect()
  const scope = Object.assign(globalThis, { inspected: { root, found, seen: new Set<unknown>() } })
  try {
    session.post('Runtime.evaluate', { expression: 'inspected.root' }, (_, reply) => walk(session, reply.result, depth))
  } finally {
    Reflect.deleteProperty(scope, 'inspected')
    session.disconnect()
  }
  return found
}

/** Notes an array, and says whether `this` is met for the first time. */
const MEET = `function () {
  const { seen, found } = inspected
  if (seen.has(this)) return false
  seen.add(this)
  if (this instanceof Uint8Array) found.push(this)
  return true
}`

const walk = (session: Session, { objectId, subtype }: Runtime.RemoteObject, depth: number): void => {
  if (objectId === undefined || depth === 0) return
  const meet = { objectId, functionDeclaration: MEET, returnByValue: true }
  session.post('Runtime.callFunctionOn', meet, (_, met: Runtime.CallFunctionOnReturnType) => {
    if (met.result.value !== true || subtype === 'typedarray') return
    // The declarations of Node 20 leave out the private fields.
    session.post('Runtime.getProperties', { objectId, ownProperties: true }, (__, reply: Fields) => {
      const fields = [...reply.result, ...(reply.privateProperties ?? [])]
      for (const { value } of fields) if (value !== undefined) walk(session, value, depth - 1)
    })
  })
}
