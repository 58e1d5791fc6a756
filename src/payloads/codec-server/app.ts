import { createHash, timingSafeEqual } from 'node:crypto'
import type { ExternalStorage, Payload, PayloadCodec } from '@temporalio/common'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { messageOf } from '../../domain/json.ts'
import type { Log } from '../../telemetry/receiver-log.ts'
import { keyErrorIn } from '../key-error.ts'
import { jsonOf, mostPayloads, payloadsIn } from './payload-json.ts'
import type { Received } from './payload-json.ts'
import { NoDriver, referenceIn, retrieved } from './references.ts'

export interface CodecAppOptions {
  readonly codecs: readonly PayloadCodec[]
  readonly storage?: ExternalStorage | undefined
  readonly origin?: string | undefined
  readonly token?: string | undefined
  readonly log: Log
}

/** Temporal takes payloads of 2 MB, and answers of 4 MB; base64 makes them a third larger. */
const mostBodyBytes = 16 * 1024 * 1024

/** What is done with a list of payloads. */
type Work = (payloads: readonly Received[], context: Context) => Promise<readonly unknown[]>

/**
 * What the codec server answers: Temporal's protocol of remote codecs. A web page of another origin, and a request without
 * the token, get nothing, and their bodies are not read.
 */
export function createCodecApp({ codecs, storage, origin, token, log }: CodecAppOptions) {
  const app = new Hono()
  app.get('/healthz', (context) => context.body(null, 200))
  app.use(async (context, next) => {
    const theirs = context.req.header('origin')
    if (theirs === undefined || theirs === origin) return next()
    log('WARN', 'refused: a web page of another origin than CODEC_ORIGIN', { origin: theirs })
    return context.text('This origin may not ask: see CODEC_ORIGIN', 403)
  })
  if (origin !== undefined) {
    const allowHeaders = ['authorization', 'content-type', 'x-namespace']
    // A proxy that knows its users by a cookie needs the credentials.
    app.use(cors({ origin, allowMethods: ['POST'], allowHeaders, credentials: true, maxAge: 600 }))
  }
  app.use(async (context, next) => {
    if (token === undefined || isSame(context.req.header('authorization') ?? '', `Bearer ${token}`)) return next()
    log('WARN', 'refused: without the token CODEC_TOKEN, or with another one')
    return context.text('Authorization must be Bearer and CODEC_TOKEN', 401)
  })
  app.use(bodyLimit({ maxSize: mostBodyBytes, onError: (context) => context.text('The body is too large', 413) }))
  const answer = answering(log)
  const works = worksOf(codecs, storage)
  // The protocol wants the last part of the path only: the server may stand below any other.
  for (const [name, work] of Object.entries(works)) {
    app.post(`/${name}`, answer(work))
    app.post(`/:above{.+}/${name}`, answer(work))
  }
  app.notFound((context) => context.text('There are POST /encode, /decode and /download', 404))
  app.onError((error, context) => {
    log('WARN', 'request failed', { reason: error.name })
    return context.text('The codec failed', 500)
  })
  return app
}

function worksOf(codecs: readonly PayloadCodec[], storage: ExternalStorage | undefined) {
  const decoded = async (received: Received) => jsonOf(await decode(codecs, received.payload), received)
  const fetched = async (received: Received) => {
    const reference = referenceIn(received.payload)
    return reference ? jsonOf(await decode(codecs, await retrieved(storage, reference))) : decoded(received)
  }
  return {
    encode: async (all) => Promise.all(all.map(async (one) => jsonOf(await encode(codecs, one.payload), one))),
    decode: async (all, context) =>
      Promise.all(all.map(context.req.query('preserveStorageRefs') === 'true' ? decoded : fetched)),
    download: async (all) => Promise.all(all.map(fetched)),
  } satisfies Record<string, Work>
}

function answering(log: Log) {
  return (work: Work) => async (context: Context) => {
    const payloads = payloadsIn(await context.req.text())
    if (payloads === 'too many') return context.text(`The body holds more than ${mostPayloads} payloads`, 413)
    if (!payloads) return context.text('The body must be { "payloads": […] }', 400)
    try {
      return context.json({ payloads: await work(payloads, context) })
    } catch (error) {
      const known = keyErrorIn(error) ?? (error instanceof NoDriver ? error : undefined)
      if (!known) throw error
      log('WARN', 'payloads could not be decoded', { reason: messageOf(known) })
      return context.text(known.message, 400)
    }
  }
}

async function encode(codecs: readonly PayloadCodec[], payload: Payload): Promise<Payload> {
  let payloads = [payload]
  for (const codec of codecs) payloads = await codec.encode(payloads)
  return payloads[0] ?? payload
}

async function decode(codecs: readonly PayloadCodec[], payload: Payload): Promise<Payload> {
  let payloads = [payload]
  for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads)
  return payloads[0] ?? payload
}

/** Takes the same time whatever differs, since the hashes have one length. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return first !== undefined && second !== undefined && timingSafeEqual(first, second)
}
