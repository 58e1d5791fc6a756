import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import type { ActivitiesOptions } from '../../src/activities/index.ts'
import { webhookUrl } from '../../src/client.ts'
import type { CreateRunRequest } from '../../src/domain/creation.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { tryOf } from './in-activity.ts'

const threadId = randomUUID()
const earlier = randomUUID()
const workflowId = 'order/4711'
const webhook = { url: 'https://hooks.example.com/langgraph/', secret: 'of the receiver: 32 bytes, or more' }
const ofWorkflow = (more: { readonly baseUrl?: string; readonly secret?: string; readonly workflowId?: string } = {}) =>
  webhookUrl({ baseUrl: webhook.url, secret: webhook.secret, namespace: 'trading', workflowId, ...more })
const request: CreateRunRequest = {
  deployment: 'default',
  threadId,
  key: 'trading/order/4711',
  run: { assistantId: 'trading', multitaskStrategy: 'reject' },
}
const continuation: CreateRunRequest = { ...request, run: { continues: earlier, resume: 'yes' } }

let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
  server.on('create', json({ run_id: randomUUID() })).on('state', json({}))
  server.on('runs', json([]))
})
afterEach(() => server.stop())

/** @returns the webhook of each run that was asked for, and what was logged of refused addresses */
async function created(of: CreateRunRequest, options: ActivitiesOptions = { webhook }) {
  const { environment, logged } = tryOf({
    startToCloseTimeoutMs: 20_000,
    workflowNamespace: 'trading',
    workflowExecution: { workflowId, runId: randomUUID() },
  })
  const { createRun } = createActivities(createDeployments([{ name: 'default', url: server.url }]), options)
  const creation: unknown = await environment.run(createRun, of)
  const bodies = server.to('create').map(({ body }) => Object(body))
  return {
    creation,
    webhooks: bodies.map((body) => body.webhook),
    bodies,
    refusals: logged.filter((_, n) => logged[n - 1] === 'deployment refuses the address in WEBHOOK_URL'),
  }
}

/** What the server says of the run that is to be continued. */
const earlierHad = (itsWebhook: string | null) =>
  server
    .on('runs', json([{ run_id: earlier, status: 'success', metadata: {} }]), json([]))
    .on('run', json({ run_id: earlier, assistant_id: 'a', kwargs: { webhook: itsWebhook } }))

test('a run gets the address that wakes its workflow', async () => {
  expect(await created(request)).toMatchObject({ creation: { kind: 'created' }, webhooks: [ofWorkflow()] })
})

test('a run with a webhook of its own keeps it', async () => {
  const own = { ...request, run: { ...request.run, webhook: 'https://example.com/hook' } }
  expect((await created(own)).webhooks).toEqual(['https://example.com/hook'])
})

test('a worker without a receiver gives none', async () => {
  const { bodies } = await created(request, {})
  expect(bodies[0]).not.toHaveProperty('webhook')
})

test('the address does not change the hash of the request', async () => {
  const [withAddress] = (await created(request)).bodies
  const [, without] = (await created(request, {})).bodies
  expect(withAddress.metadata.temporal_workflow_request).toMatch(/^[0-9a-f]{64}$/)
  expect(without.metadata).toEqual(withAddress.metadata)
})

describe('a run that continues one', () => {
  test('without a webhook gets the address', async () => {
    earlierHad(null)
    expect((await created(continuation)).webhooks).toEqual([ofWorkflow()])
  })

  test.each([
    ['a stranger', 'https://example.com/hook'],
    ['another workflow', ofWorkflow({ workflowId: 'order/4712' })],
  ])('that calls %s keeps calling it', async (_, theirs) => {
    earlierHad(theirs)
    expect((await created(continuation)).webhooks).toEqual([theirs])
  })

  test('with an older address of this workflow gets its present one', async () => {
    earlierHad(ofWorkflow({ baseUrl: 'http://old.example.com', secret: 'an older secret, of 32 bytes too' }))
    expect((await created(continuation)).webhooks).toEqual([ofWorkflow()])
  })
})

const refused = (detail: string): Answer => json({ detail }, { status: 422 })

describe('a server that refuses the address', () => {
  test.each(['Webhook domain not allowed', 'Loopback webhooks (relative URLs and localhost) are disabled by default.'])(
    'is asked without it, and the worker logs it: %s',
    async (detail) => {
      server.on('create', refused(detail), json({ run_id: randomUUID() }))
      const { creation, webhooks, refusals } = await created(request)
      expect({ creation, webhooks }).toMatchObject({
        creation: { kind: 'created' },
        webhooks: [ofWorkflow(), undefined],
      })
      expect(refusals).toEqual([expect.stringContaining(detail)])
    },
  )

  test('is asked once, if it refuses the run for another reason', async () => {
    server.on('create', refused('Assistant not found'))
    expect(await created(request)).toMatchObject({
      creation: { kind: 'refused' },
      webhooks: [ofWorkflow()],
      refusals: [],
    })
  })

  test('is asked once about an assistant with such a name, if the thread is busy', async () => {
    server.on('create', json({ detail: 'Thread is already running a task.' }, { status: 409 }))
    const named = { ...request, run: { ...request.run, assistantId: 'webhook-triage' } }
    expect(await created(named)).toMatchObject({ creation: { kind: 'busy' }, webhooks: [ofWorkflow()], refusals: [] })
    server.on('create', refused('Invalid assistant'))
    expect(await created(named)).toMatchObject({ creation: { kind: 'refused' }, refusals: [] })
  })

  test('is asked once, if it refuses a webhook of the caller', async () => {
    server.on('create', refused('Webhook domain not allowed'))
    const own = { ...request, run: { ...request.run, webhook: 'https://example.com/hook' } }
    expect(await created(own)).toMatchObject({ creation: { kind: 'refused' }, webhooks: ['https://example.com/hook'] })
  })
})

test.each([
  [{ url: 'hooks.example.com', secret: webhook.secret }, '`url` must be a URL'],
  [{ url: 'https://user:planted@example.com', secret: webhook.secret }, '`url` must be a URL'],
  [{ url: 'https://example.com/?planted', secret: webhook.secret }, '`url` must be a URL'],
  [{ url: webhook.url, secret: 'planted' }, '`secret` must have at least 32 bytes'],
])('a worker refuses the receiver %j without repeating it', (wrong, words) => {
  const make = () => createActivities(createDeployments([]), { webhook: wrong })
  expect(make).toThrow(words)
  expect(make).not.toThrow('planted')
})
