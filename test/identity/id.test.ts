import { expect, test } from 'vitest'
import { generateIdentity, type PeerId, peerId } from '../../src/index.js'

test('ID-2 a text from outside is an id only if it is the one spelling of a key', () => {
  const { id } = generateIdentity()
  const text: string = id
  const parsed: PeerId = peerId(text)
  expect(parsed).toBe(id)
  for (const wrong of [
    '',
    'sotto1',
    id.toUpperCase(),
    `${id} `,
    id.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')),
  ])
    expect(() => peerId(wrong)).toThrow(expect.objectContaining({ code: 'identity/malformed' }))
})
