import { isNotifySecret, isNotifyUrl, notifySecretRule, notifyUrlRule } from '../activities/notify-receiver.ts'
import type { NotifyReceiver } from '../activities/notify-receiver.ts'
import { isThisMachine } from './checks.ts'
import { given, read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** Who is notified of what becomes of watches; `undefined` if neither variable is set. */
export function notifyReceiver(env: Environment, found: Findings): NotifyReceiver | undefined {
  if (['NOTIFY_URL', 'NOTIFY_SECRET'].every((name) => given(env, name) === undefined)) return undefined
  const url = read(env, 'NOTIFY_URL', found)
  const secret = read(env, 'NOTIFY_SECRET', found)
  if (url === undefined) found.mistakes.push('NOTIFY_URL is missing: where notifications are posted')
  else if (!isNotifyUrl(url)) found.mistakes.push(`NOTIFY_URL must be ${notifyUrlRule}`)
  else if (new URL(url).protocol === 'http:' && !isThisMachine(new URL(url))) {
    found.warnings.push('NOTIFY_URL: notifications go over the network unencrypted: use https://')
  }
  if (secret === undefined) {
    found.mistakes.push(`NOTIFY_SECRET is missing: ${notifySecretRule}, the same for workers and the receiver`)
  } else if (!isNotifySecret(secret)) found.mistakes.push(`NOTIFY_SECRET must be ${notifySecretRule}`)
  return { url: url ?? '', secret: secret ?? '' }
}
