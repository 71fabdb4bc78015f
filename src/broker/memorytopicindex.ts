interface Node<T> {
  readonly children: Map<string, Node<T>>
  value: T | undefined
}

/** Values by subject or filter: a tree of tokens, so that what does not fit is not looked at. */
export class SubjectIndex<T> {
  readonly #root: Node<T> = nodeOf()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): T | undefined {
    let node: Node<T> | undefined = this.#root
    for (const token of key.split('.')) node = node?.children.get(token)
    return node?.value
  }

  set(key: string, value: T): void {
    let node = this.#root
    for (const token of key.split('.')) {
      const child = node.children.get(token) ?? nodeOf<T>()
      node.children.set(token, child)
      node = child
    }
    if (node.value === undefined) this.#size++
    node.value = value
  }

  /** What held nothing else goes too. */
  delete(key: string): void {
    const path: [node: Node<T>, token: string][] = []
    let node = this.#root
    for (const token of key.split('.')) {
      const child = node.children.get(token)
      if (child === undefined) return
      path.push([node, token])
      node = child
    }
    if (node.value !== undefined) this.#size--
    node.value = undefined
    for (const [parent, token] of path.reverse()) {
      const child = parent.children.get(token)
      if (child === undefined || child.value !== undefined || child.children.size > 0) return
      parent.children.delete(token)
    }
  }

  /** The values of the filters that take `subject`. */
  taking(subject: string): T[] {
    let nodes = [this.#root]
    for (const token of subject.split('.')) nodes = nodes.flatMap((node) => childrenOf(node, token, '*'))
    return valuesOf(nodes)
  }

  /** The values of the subjects that `filter` takes. */
  within(filter: string): T[] {
    let nodes = [this.#root]
    for (const token of filter.split('.'))
      nodes = nodes.flatMap((node) => (token === '*' ? [...node.children.values()] : childrenOf(node, token)))
    return valuesOf(nodes)
  }
}

const nodeOf = <T>(): Node<T> => ({ children: new Map(), value: undefined })

const childrenOf = <T>({ children }: Node<T>, ...tokens: readonly string[]): Node<T>[] =>
  tokens.flatMap((token) => children.get(token) ?? [])

const valuesOf = <T>(nodes: readonly Node<T>[]): T[] => nodes.flatMap(({ value }) => value ?? [])
