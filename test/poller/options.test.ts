import { Client, Connection } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { BackgroundRunPoller, EnhancedBackgroundRunPoller, RunResultRetriever } from '../../src/poller.ts'

// Nothing is started here, so the client never connects.
const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) })

describe('the options', () => {
  const classes = { RunResultRetriever, EnhancedBackgroundRunPoller, BackgroundRunPoller }

  /** As from JavaScript, which no compiler checks. */
  function refusalOf(options: unknown, name: keyof typeof classes = 'EnhancedBackgroundRunPoller'): ApplicationFailure {
    try {
      Reflect.construct(classes[name], [options])
    } catch (error) {
      if (error instanceof ApplicationFailure) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  test.each([5, '5', ' 10000 ', 0.5])('are refused if a duration is the number %j: it has no unit', (number) => {
    const { message, type } = refusalOf({ client: client, pollInterval: number, maxPollTime: number })
    expect(type).toBe('InvalidInput')
    for (const name of ['pollInterval', 'maxPollTime']) {
      expect(message).toMatch(
        new RegExp(`\`${name}\` is .*: seconds or milliseconds\\? write "${Number(number)}s" or `),
      )
    }
  })

  test.each(['RunResultRetriever', 'EnhancedBackgroundRunPoller', 'BackgroundRunPoller'] as const)(
    'of %s are refused with every mistake named at once, and no key repeated',
    (name) => {
      const { message, details, nonRetryable } = refusalOf(
        {
          client: { apiKey: 'planted' },
          deployment: 'http://127.0.0.1:2024',
          pollInterval: { initialInterval: '1s' },
          maxPollTime: 'soon',
          taskQueue: '',
          base_url: 'http://planted:2024',
          apiKey: 'planted',
          poll_interval: 5,
          max_poll_time: 300,
          retries: 3,
        },
        name,
      )
      expect(message).toMatch(new RegExp(`^Invalid input for ${name}: `))
      expect(details?.[0]).toEqual([
        '`client` must be a Temporal client: `new Client({ connection })` of @temporalio/client',
        expect.stringMatching(/^`deployment` is "http:.*: must be a deployment's name/),
        expect.stringMatching(/^`pollInterval` is \{"initialInterval":"1s"\}: must be a duration .* such as '10s'$/),
        expect.stringMatching(/^`maxPollTime` is "soon": must be a duration .* or 'none'$/),
        '`taskQueue` is "": must be the name of the worker\'s task queue',
        expect.stringMatching(/^`base_url` is unknown: .*`deployment` names it$/),
        expect.stringMatching(/^`apiKey` is unknown: .*`deployment` names it$/),
        expect.stringMatching(/^`poll_interval` is unknown: write `pollInterval`; allowed are client, deployment, /),
        expect.stringMatching(/^`max_poll_time` is unknown: write `maxPollTime`; allowed are /),
        expect.stringMatching(/^`retries` is unknown: allowed are client, deployment, /),
      ])
      expect(nonRetryable).toBe(true)
      expect(message).not.toContain('planted')
    },
  )

  test.each([undefined, null, 'http://127.0.0.1:2024'])('are refused if they are %j', (options) => {
    expect(refusalOf(options).details).toEqual([[expect.stringContaining('`client` must be a Temporal client')]])
  })

  test('may be null for "not given", and hold durations for the retriever too', () => {
    const options = { client: client, deployment: null, pollInterval: null, maxPollTime: 'none', taskQueue: null }
    expect(Reflect.construct(RunResultRetriever, [options])).toBeInstanceOf(RunResultRetriever)
  })
})
