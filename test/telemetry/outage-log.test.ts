import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { langGraphFailureTypes } from '../../src/domain/contract.ts'
import { UnknownDeploymentError } from '../../src/langgraph/deployments.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { NotAsked } from '../../src/langgraph/pace.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'

const away = new LangGraphError(langGraphFailureTypes.unavailable, 'HTTP 503')

/** A log with a clock of its own. */
function stage() {
  const lines: string[] = []
  const clock = { seconds: 0 }
  const add = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const outages = new OutageLog({ info: add('info'), warn: add('warn') }, () => clock.seconds * 1000)
  const fail = async (times = 1, error: Error = away) => {
    for (let n = 0; n < times; n += 1) {
      await expect(outages.observe('d', () => Promise.reject(error))).rejects.toBe(error)
    }
  }
  const answer = () => outages.observe('d', async () => 'ok')
  return { lines, clock, fail, answer, outages }
}

const begun = 'warn deployment outage {"deployment":"d","reason":"HTTP 503","failures":3,"outageSeconds":0}'

describe('the outage of a deployment', () => {
  test('is logged at the third failure in a row, once a minute, and at its end', async () => {
    const { lines, clock, fail, answer } = stage()
    await fail(2)
    expect(await answer()).toBe('ok')
    await fail(2)
    expect(lines).toEqual([])
    await fail(1000)
    expect(lines).toEqual([begun])
    clock.seconds = 59
    await fail(1000)
    clock.seconds = 61
    await fail(1000)
    await answer()
    await answer()
    expect(lines).toEqual([
      begun,
      'warn deployment outage continues {"deployment":"d","reason":"HTTP 503","failures":2003,"outageSeconds":61}',
      'info deployment answers again {"deployment":"d","failures":3002,"outageSeconds":61}',
    ])
  })

  test('that comes and goes is logged once a minute', async () => {
    const { lines, clock, fail, answer } = stage()
    for (let second = 0; second < 120; second += 1) {
      clock.seconds = second
      await fail(10)
      await answer()
    }
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      'warn deployment outage',
      'info deployment answers again',
      'warn deployment outage',
      'info deployment answers again',
    ])
  })

  test('begins with no answer, or with a refused key, and never with what is no outage', async () => {
    const counted = ['unavailable', 'timeout', 'badAnswer', 'unauthorized'] as const
    for (const type of counted) {
      const { lines, fail } = stage()
      await fail(3, new LangGraphError(langGraphFailureTypes[type], 'HTTP 503'))
      expect(lines).toEqual([begun])
    }
    const { lines, fail, answer } = stage()
    for (const type of ['notFound', 'refused', 'tooLarge'] as const) {
      await fail(3, new LangGraphError(langGraphFailureTypes[type], 'HTTP 404'))
    }
    await fail(3, new NotAsked('not asked'))
    await fail(3, new CancelledFailure('cancelled'))
    await fail(3, ApplicationFailure.retryable('a bug', langGraphFailureTypes.unforeseen))
    await answer()
    expect(lines).toEqual([])
  })

  test('is none if this worker does not know the deployment, which is logged once a minute whatever the names', async () => {
    const { lines, clock, outages } = stage()
    const ask = (name: string) => {
      const error = new UnknownDeploymentError(`no "${name}"`)
      return expect(outages.observe(name, () => Promise.reject(error))).rejects.toBe(error)
    }
    for (let n = 0; n < 10; n += 1) await ask(`made-up-${n}`)
    clock.seconds = 60
    await ask('again')
    expect(lines).toEqual([
      'warn unknown deployment {"deployment":"made-up-0","reason":"no \\"made-up-0\\""}',
      'warn unknown deployment {"deployment":"again","reason":"no \\"again\\""}',
    ])
  })

  test('is one deployment’s own, and a refusal ends it', async () => {
    const { lines, fail, outages } = stage()
    await fail(3)
    await outages.observe('other', async () => 'ok')
    expect(lines).toHaveLength(1)
    await fail(1, new LangGraphError(langGraphFailureTypes.notFound, 'HTTP 404'))
    expect(lines.at(-1)).toMatch(/^info deployment answers again/)
  })
})
