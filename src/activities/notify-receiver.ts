import { refuse } from '../client/arguments.ts'

/** Whoever is told what becomes of watches. */
export interface NotifyReceiver {
  readonly url: string
  /** As Standard Webhooks have it: base64 of 24-64 bytes, with or without `whsec_` before it. */
  readonly secret: string
}

export const notifyUrlRule = 'a URL that begins with http:// or https://, without credentials and "#"'
export const notifySecretRule = 'base64 of 24 to 64 bytes, such as `whsec_$(openssl rand -base64 32)`'

/** It may hold a token in its path or its query. */
export function isNotifyUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text) || text.includes('#')) return false
  const { protocol, username, password } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && username === '' && password === ''
}

export function isNotifySecret(secret: unknown): boolean {
  const [, base64] = typeof secret === 'string' ? (/^(?:whsec_)?([a-zA-Z0-9+/]+={0,2})$/.exec(secret) ?? []) : []
  const bytes = base64 === undefined || base64.length % 4 !== 0 ? 0 : Buffer.from(base64, 'base64').length
  return bytes >= 24 && bytes <= 64
}

/** @throws ApplicationFailure of type `InvalidInput`, which repeats no value */
export function requireNotifyReceiver(receiver: NotifyReceiver | undefined): void {
  if (!receiver) return
  refuse('notify', [
    ...(isNotifyUrl(receiver.url) ? [] : [`\`url\` must be ${notifyUrlRule}`]),
    ...(isNotifySecret(receiver.secret) ? [] : [`\`secret\` must be ${notifySecretRule}`]),
  ])
}
