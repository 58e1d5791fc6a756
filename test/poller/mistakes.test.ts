import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pollers, errorOf, nobodyListens } from './pollers.ts'
import type { Options } from './pollers.ts'

let pollers: Pollers
beforeAll(async () => {
  pollers = await Pollers.open()
})
afterAll(() => pollers.close())

const calls: Record<string, (options: Options, ...run: [string, string]) => Promise<unknown>> = {
  pollUntilCompleteWithResults: (options, ...run) => pollers.poller(options).pollUntilCompleteWithResults(...run),
  pollStatusOnly: (options, ...run) => pollers.poller(options).pollStatusOnly(...run),
  getResult: (options, ...run) => pollers.retriever(options).getResult(...run),
  getResultWithTimeout: (options, ...run) => pollers.retriever(options).getResultWithTimeout(...run),
}

/** A watch would wait 2 minutes for a worker that knows the deployment. */
const callsWithoutAWatch = Object.entries(calls).filter(([name]) => name !== 'pollUntilCompleteWithResults')

describe.concurrent.each(callsWithoutAWatch)('%s', (_, call) => {
  test('names a deployment that is not configured', async () => {
    const wrongDeployment = await errorOf(call({ deployment: 'third' }, randomUUID(), randomUUID()))
    expect(wrongDeployment).toBeInstanceOf(ApplicationFailure)
    expect(wrongDeployment).toMatchObject({
      type: 'UnknownDeployment',
      message: expect.stringContaining('"third" is not configured on this worker; configured: "default", "scripted"'),
    })
  })
})

describe.concurrent.each(Object.entries(calls))('%s', (_, call) => {
  test('names a wrong id', async () => {
    const wrongIds = await errorOf(call({}, '../x', 'run-1'))
    expect(wrongIds).toBeInstanceOf(ApplicationFailure)
    expect(wrongIds).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/`threadId` is "..\/x": must be a UUID.*`runId` is "run-1": must be a UUID/),
    })
  })

  test('reports that Temporal does not answer', async () => {
    const client = new Client({ connection: Connection.lazy({ address: nobodyListens, interceptors: [] }) })
    expect(await errorOf(call({ client }, randomUUID(), randomUUID()))).toMatchObject({
      name: expect.stringMatching(/^(ServiceError|ResultRetrievalError)$/),
      message: expect.stringMatching(
        /^Temporal did not answer \(14 UNAVAILABLE: .*\)\. Nothing that was started is lost: repeat the same call/,
      ),
    })
  })
})
