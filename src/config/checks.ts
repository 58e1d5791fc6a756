import type { ServerConfig } from '../langgraph/server.ts'
import { given } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

export function checkUrl(at: string, text: unknown, { mistakes }: Findings): void {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    mistakes.push(`${at}: must be a URL that begins with http:// or https://`)
    return
  }
  if (url.username || url.password) {
    mistakes.push(`${at}: holds credentials, which would show up in error messages: use an API key or a header`)
  }
  if (url.search || url.hash) mistakes.push(`${at}: must end with the path: no "?" and no "#"`)
}

export function checkHeader(at: string, name: string, value: string, { mistakes }: Findings): void {
  try {
    new Headers().set(name, value)
  } catch {
    mistakes.push(
      `${at}: cannot be sent as the HTTP header "${name}": line breaks and characters beyond Latin-1 are not allowed`,
    )
  }
}

/** @param server one whose URL was checked */
export function warnOfTheWay(
  { name, url: text, apiKey }: ServerConfig,
  env: Environment,
  { warnings }: Findings,
): void {
  if (!URL.canParse(text)) return
  const url = new URL(text)
  const isHere = isThisMachine(url)
  if (apiKey !== undefined && url.protocol === 'http:' && !isHere) {
    warnings.push(`Deployment "${name}": its API key goes over the network unencrypted: use https://`)
  }
  const proxy = isHere ? undefined : unusedProxy(url, env)
  if (proxy !== undefined) {
    warnings.push(
      `Deployment "${name}": ${proxy} is set, but requests to it go there directly: Node.js 22.21 or newer uses the proxy with NODE_USE_ENV_PROXY=1`,
    )
  }
}

export function isThisMachine({ hostname }: URL): boolean {
  return /^(localhost|.*\.localhost|127\..*|\[::1\])$/.test(hostname)
}

/** Node.js reads these variables only if it is told to, and before 22.21 never. */
function unusedProxy({ protocol, hostname }: URL, env: Environment): string | undefined {
  const canUse = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')
  if (canUse && given(env, 'NODE_USE_ENV_PROXY') === '1') return undefined
  const direct = (given(env, 'no_proxy') ?? given(env, 'NO_PROXY') ?? '').split(/[\s,]+/)
  if (direct.some((host) => host === '*' || `.${hostname}`.endsWith(`.${host.replace(/^\*?\./, '')}`))) return undefined
  const name = `${protocol.slice(0, -1)}_proxy`
  return [name, name.toUpperCase()].find((variable) => given(env, variable) !== undefined)
}
