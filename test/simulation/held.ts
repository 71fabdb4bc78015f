/**
 * What an engine holds, measured by walking through it. In a simulation the private fields of the engine are open
 * (bundle.ts): `#name` is called `$name`, and is found like any other.
 */
export interface Held {
  /** Of all array buffers, each once. */
  readonly bytes: number
  /** Entries of maps, sets and arrays. */
  readonly entries: number
}

/** `shared` belongs to others: nothing is counted of it, nor behind it. */
export const heldBy = (root: object, shared: Iterable<unknown>): Held => {
  const seen = new Set<unknown>(shared)
  let bytes = 0
  let entries = 0
  const todo: unknown[] = [root]
  for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
    if (typeof item !== 'object' || item === null || seen.has(item)) continue
    seen.add(item)
    if (ArrayBuffer.isView(item)) todo.push(item.buffer)
    else if (item instanceof ArrayBuffer) bytes += item.byteLength
    else if (item instanceof Map) {
      entries += item.size
      for (const [key, value] of item) todo.push(wrap(key), wrap(value))
    } else if (item instanceof Set || Array.isArray(item)) {
      entries += item instanceof Set ? item.size : item.length
      for (const value of item) todo.push(wrap(value))
    } else for (const name of Object.keys(item)) todo.push(wrap(Reflect.get(item, name)))
  }
  return { bytes, entries }
}

/** `undefined` would end the walk. */
const wrap = (value: unknown): unknown => (typeof value === 'object' ? value : null)

/** The value at the end of a path of open fields. @throws TypeError if there is none */
export const fieldOf = (root: object, ...path: readonly string[]): unknown => {
  let at: unknown = root
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !(name in at))
      throw new TypeError(`expected a field ${path.join('.')}`)
    at = Reflect.get(at, name)
  }
  return at
}

export const numberAt = (root: object, ...path: readonly string[]): number => {
  const value = fieldOf(root, ...path)
  if (typeof value !== 'number') throw new TypeError(`expected a number at ${path.join('.')}`)
  return value
}
