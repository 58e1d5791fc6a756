import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { problemOfWorkflowId, refuse } from '../client/arguments.ts'
import { utf8Bytes } from '../domain/text.ts'

/** The webhook receiver, and what it shares with whoever makes addresses for it. */
export interface WebhookReceiver {
  /** The URL at which LangGraph reaches it. */
  readonly url: string
  /** At least 32 bytes. */
  readonly secret: string
}

export interface WebhookUrlOptions {
  /** The URL at which LangGraph reaches the receiver: `WEBHOOK_URL` of the workers. */
  readonly baseUrl: string
  /** `WEBHOOK_SECRET` of the receiver. */
  readonly secret: string
  /** The workflow's Temporal namespace. */
  readonly namespace: string
  /** The id of a watch, of an execution, or of any workflow that takes the signal `wake`. */
  readonly workflowId: string
}

export const secretRule = 'at least 32 bytes'
export const urlRule = 'a URL that begins with http:// or https://, without credentials, "?" and "#"'

/**
 * The address of the webhook receiver that wakes one workflow, for the `webhook` of a LangGraph run. Whoever may read the
 * run may read it, and can do no more with it than make that workflow poll.
 *
 * @throws ApplicationFailure of type `InvalidInput`
 */
export function webhookUrl({ baseUrl, secret, namespace, workflowId }: WebhookUrlOptions): string {
  refuse('webhookUrl', [
    ...problemsOfReceiver({ url: baseUrl, secret }, 'baseUrl'),
    ...(typeof namespace === 'string' && namespace !== '' ? [] : ['`namespace` must be a non-empty text']),
    ...problemOfWorkflowId(workflowId),
  ])
  return `${baseUrl.replace(/\/+$/, '')}${pathBeforeToken(namespace, workflowId)}${tokenOf(secret, namespace, workflowId)}`
}

/** The messages repeat no value, since a URL, too, may hold a secret. */
function problemsOfReceiver({ url, secret }: WebhookReceiver, urlName: string): string[] {
  return [
    ...(isBaseUrl(url) ? [] : [`\`${urlName}\` must be ${urlRule}`]),
    ...(isSecret(secret) ? [] : [`\`secret\` must have ${secretRule}`]),
  ]
}

/** @throws ApplicationFailure of type `InvalidInput` */
export function requireReceiver(receiver: WebhookReceiver | undefined): void {
  if (receiver) refuse('webhook', problemsOfReceiver(receiver, 'url'))
}

export function isSecret(secret: unknown): boolean {
  return typeof secret === 'string' && utf8Bytes(secret) >= 32
}

export function isBaseUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text) || /[?#]/.test(text)) return false
  const { protocol, username, password } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && username === '' && password === ''
}

/** `/wake/<namespace>/<workflow id>/`: the same for one workflow whatever the receiver and its secret. */
export function pathBeforeToken(namespace: string, workflowId: string): string {
  return `/wake/${encodeURIComponent(namespace)}/${Buffer.from(workflowId).toString('base64url')}/`
}

/** @returns `undefined` if it was not made with this secret for this namespace and workflow */
export function workflowIdIn(secret: string, namespace: string, encodedId: string, token: string): string | undefined {
  const workflowId = Buffer.from(encodedId, 'base64url').toString()
  return isSame(token, tokenOf(secret, namespace, workflowId)) ? workflowId : undefined
}

function tokenOf(secret: string, namespace: string, workflowId: string): string {
  return createHmac('sha256', secret).update(`${namespace}/${workflowId}`).digest('base64url')
}

/** Takes the same time whatever differs, since the hashes have one length. */
function isSame(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return first !== undefined && second !== undefined && timingSafeEqual(first, second)
}
