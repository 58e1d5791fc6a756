import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { messageOf } from '../domain/json.ts'
import type { WebhookCounter } from '../telemetry/receiver-metrics.ts'
import type { Log } from '../telemetry/receiver-log.ts'
import { workflowIdIn } from './url.ts'
import type { Wakes } from './wakes.ts'

export interface AppOptions {
  readonly secret: string
  /** Of the workflows that it may wake. */
  readonly namespace: string
  readonly wakes: Wakes
  readonly log: Log
  readonly counter: WebhookCounter
}

/** A larger body is no webhook: LangGraph's holds a run's input and values. */
export const mostBodyBytes = 64 * 1024 * 1024

/**
 * What the receiver answers. The address alone decides: a body is thrown away as it comes, since whoever has the address
 * can send any. No answer has a body.
 */
export function createApp({ secret, namespace, wakes, log, counter }: AppOptions) {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(async (context, next) => {
    discardBody(context.env.incoming)
    await next()
  })
  // It does not depend on Temporal: a receiver that a load balancer takes out ends the queue workers of JS servers.
  app.get('/healthz', (context) => context.body(null, 200))
  app.post('/wake/:namespace/:workflowId/:token', async (context) => {
    const { namespace: theirs, workflowId: encodedId, token } = context.req.param()
    const workflowId = workflowIdIn(secret, theirs, encodedId, token)
    if (workflowId === undefined) {
      counter.add('forged')
      log('WARN', 'wake refused: made with another WEBHOOK_SECRET, or forged')
      return context.body(null, 401)
    }
    if (theirs !== namespace) {
      counter.add('other_namespace')
      log('WARN', 'wake refused: of another Temporal namespace than this receiver', { namespace: theirs })
      return context.body(null, 404)
    }
    if (Number(context.req.header('content-length')) > mostBodyBytes) {
      counter.add('too_large')
      return context.body(null, 413)
    }
    const told = await wakes.wake(workflowId)
    counter.add(told)
    return context.body(null, told === 'told' ? 202 : 503)
  })
  app.notFound((context) => context.body(null, 404))
  app.onError((error, context) => {
    log('WARN', 'request failed', { reason: messageOf(error) })
    return context.body(null, 500)
  })
  return app
}

/** Reads a body away. Unread, it would end the connection with a reset, which may overtake the answer. */
function discardBody(incoming: IncomingMessage): void {
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBodyBytes) incoming.destroy()
  })
}
