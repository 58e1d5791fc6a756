import { expect, test } from 'vitest'
import type { ThreadState } from '../../src/langgraph/port.ts'
import { Changes } from '../../src/sweep/changes.ts'

const watch = { workflowId: 'w', threadId: 't' }

function thread(status: string, updatedAt = '1'): ThreadState[] {
  return [{ threadId: 't', status, updatedAt }]
}

/** At which of these looks, made 1 s apart, the watch is woken. */
function wokenAt(looks: readonly (readonly ThreadState[])[], isSent = () => true): number[] {
  const changes = new Changes()
  return looks.flatMap((found, at) => {
    const due = changes.due([watch], found, at * 1000)
    if (isSent()) for (const one of due) changes.woken(one, at * 1000)
    return due.map(() => at)
  })
}

test('a watch is woken when its busy thread comes to rest, and not again', () => {
  expect(wokenAt([thread('busy'), thread('busy'), thread('idle', '2'), thread('idle', '2')])).toEqual([2])
})

test('a watch that is new is woken at once if its thread is not busy: the run may have ended before', () => {
  expect(wokenAt([thread('idle'), thread('idle')])).toEqual([0])
})

test('a watch that is new is woken once if its thread, where another run is busy, has changed since the watch began', () => {
  const runExistedAtMs = Date.parse('2026-11-28T10:00:00.500Z')
  const dueAt = (updatedAt: string, of = { ...watch, runExistedAtMs }) => {
    const changes = new Changes()
    const due = changes.due([of], thread('busy', updatedAt), 0)
    for (const one of due) changes.woken(one, 0)
    return [due.length, changes.due([of], thread('busy', updatedAt), 1000).length]
  }
  expect(dueAt('2026-11-28T10:00:00.400Z')).toEqual([0, 0])
  expect(dueAt('2026-11-28T10:00:00.600Z')).toEqual([1, 0])
  const { runExistedAtMs: _, ...created } = { ...watch, runExistedAtMs }
  expect(new Changes().due([created], thread('busy', '2026-11-28T10:00:00.600Z'), 0)).toEqual([])
})

test('a second watch of a known thread is new too', () => {
  const changes = new Changes()
  for (const one of changes.due([watch], thread('idle'), 0)) changes.woken(one, 0)
  const second = { workflowId: 'second', threadId: 't' }
  expect(changes.due([watch, second], thread('idle'), 1000).map((due) => due.watch)).toEqual([second])
})

test('a run that ends while the next one begins at once leaves the thread busy, and is seen', () => {
  expect(wokenAt([thread('busy', '1'), thread('busy', '2'), thread('busy', '2')])).toEqual([1])
})

test('a thread that stays busy wakes its watch every 10 s at most, and no change is lost', () => {
  const looks = Array.from({ length: 25 }, (_, at) => thread('busy', String(Math.min(at, 14))))
  expect(wokenAt(looks)).toEqual([1, 11, 21])
})

test('a thread that comes to rest wakes its watch although it was woken just before', () => {
  expect(wokenAt([thread('busy', '1'), thread('busy', '2'), thread('idle', '3')])).toEqual([1, 2])
})

test('a thread that the server does not show wakes its watch every 10 s', () => {
  expect(wokenAt(Array.from({ length: 25 }, () => []))).toEqual([0, 10, 20])
})

test('a human who answers elsewhere makes the thread busy: its watch is woken', () => {
  expect(
    wokenAt([thread('interrupted'), thread('interrupted'), ...Array.from({ length: 12 }, () => thread('busy', '2'))]),
  ).toEqual([0, 10])
})

test('a wake that could not be sent is due again', () => {
  const sent = [false, false, true, true]
  expect(wokenAt([thread('idle'), thread('idle'), thread('idle'), thread('idle')], () => sent.shift() ?? true)).toEqual(
    [0, 1, 2],
  )
})

test('a watch that has closed is forgotten', () => {
  const changes = new Changes()
  for (const one of changes.due([watch], thread('idle'), 0)) changes.woken(one, 0)
  changes.keep([])
  expect(changes.due([watch], thread('idle'), 1000)).toHaveLength(1)
})
