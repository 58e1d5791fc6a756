import { isBaseUrl, isSecret, secretRule, urlRule } from '../webhook/url.ts'
import type { WebhookReceiver } from '../webhook/url.ts'
import { given, read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

const urlIsMissing =
  'WEBHOOK_URL is missing: the URL at which LangGraph reaches the webhook receiver, such as https://hooks.example.com'
const secretIsMissing = `WEBHOOK_SECRET is missing: ${secretRule}, the same for workers and the webhook receiver; \`openssl rand -base64 32\` makes one`

/** The receiver that the runs of a worker call; `undefined` if neither variable is set. */
export function optionalReceiver(env: Environment, found: Findings): WebhookReceiver | undefined {
  const isOff = ['WEBHOOK_URL', 'WEBHOOK_SECRET'].every((name) => given(env, name) === undefined)
  return isOff ? undefined : receiver(env, found)
}

export function receiver(env: Environment, found: Findings): WebhookReceiver {
  const url = read(env, 'WEBHOOK_URL', found)
  if (url === undefined) found.mistakes.push(urlIsMissing)
  else if (!isBaseUrl(url)) found.mistakes.push(`WEBHOOK_URL must be ${urlRule}`)
  return { url: url ?? '', secret: receiverSecret(env, found) }
}

export function receiverSecret(env: Environment, found: Findings): string {
  const secret = read(env, 'WEBHOOK_SECRET', found)
  if (secret === undefined) found.mistakes.push(secretIsMissing)
  else if (!isSecret(secret)) found.mistakes.push(`WEBHOOK_SECRET must have ${secretRule}`)
  return secret ?? ''
}
