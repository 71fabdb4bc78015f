import { expect, test, vi } from 'vitest'
import { onAbort } from '../../src/link/signals.js'

test('all who wait for a signal hear it once, through one listener', () => {
  const controller = new AbortController()
  const listen = vi.spyOn(controller.signal, 'addEventListener')
  const heard: number[] = []
  for (let i = 0; i < 20; i++) onAbort(controller.signal, () => void heard.push(i))
  controller.abort()
  controller.abort()
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(listen).toHaveBeenCalledTimes(1)
})

test('who waits no more hears nothing, and others still do', () => {
  const controller = new AbortController()
  const [left, stays] = [vi.fn(), vi.fn()]
  const deaf = onAbort(controller.signal, left)
  onAbort(controller.signal, stays)
  deaf()
  deaf()
  controller.abort()
  expect([left.mock.calls.length, stays.mock.calls.length]).toEqual([0, 1])
  expect(onAbort(undefined, left)()).toBeUndefined()
})
