/** `room=kitchen` is a text, `floor:=2` and `indoors:=true` are JSON, read by `jsonOf`; undefined if one is neither, or a name stands twice. */
export const pairsIn = (
  texts: readonly string[],
  jsonOf: (json: string) => number | boolean | string | undefined,
): Readonly<Record<string, string | number | boolean>> | undefined => {
  const pairs: Record<string, string | number | boolean> = Object.create(null)
  for (const text of texts) {
    const [, name = '', json, value = ''] = /^([^=:]+)(:?)=(.*)$/su.exec(text) ?? []
    const scalar = json === ':' ? jsonOf(value) : value
    if (name === '' || scalar === undefined || Object.hasOwn(pairs, name)) return undefined
    pairs[name] = scalar
  }
  return pairs
}

/** The texts of an option that may stand several times. */
export const textsOf = (values: string | boolean | (string | boolean)[] | undefined): readonly string[] =>
  Array.isArray(values) ? values.filter((value) => typeof value === 'string') : []
