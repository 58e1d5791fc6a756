import { placeholders } from '../activities/links.ts'
import type { LangSmithPages } from '../activities/links.ts'
import { present } from '../domain/json.ts'
import { checkUrl } from './checks.ts'
import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

const known = new RegExp(`\\{(?:${placeholders.join('|')})\\}`, 'g')
const allowed = placeholders.map((name) => `{${name}}`).join(', ')

/** The page about a run, of a deployment in the file. */
export function templateIn(at: string, template: unknown, { mistakes }: Findings): string | undefined {
  if (template === undefined) return undefined
  const mistake = mistakeIn(template)
  if (mistake !== undefined) mistakes.push(`${at}: ${mistake}`)
  return typeof template === 'string' && mistake === undefined ? template : undefined
}

function mistakeIn(template: unknown): string | undefined {
  const bare = typeof template === 'string' ? template.replaceAll(known, 'x') : ''
  const url = URL.canParse(bare) ? new URL(bare) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return `must be a URL that begins with http:// or https://, with any of ${allowed} in it`
  }
  if (isHostOpen(template)) {
    return `must not have ${allowed} in its host: whoever starts a run would choose where the link leads. Write the host out, and put them after it`
  }
  if (url.username || url.password) return 'holds credentials, which everybody would see in the Web UI'
  return /[{}<>()\s"]/.test(bare)
    ? `may hold ${allowed}; write other braces, brackets and spaces as %7B and so on`
    : undefined
}

/** Whether the host depends on what is filled in, by the parser that browsers have too. */
function isHostOpen(template: unknown): boolean {
  const filled = ['x', 'y'].map((value) => new URL(String(template).replaceAll(known, value)))
  return new Set(filled.map(({ host }) => host)).size > 1
}

/** Pages of LangSmith, which the Web UI links to if the environment names them. */
export function langSmithPages(env: Environment, found: Findings): LangSmithPages {
  const projectUrl = read(env, 'LANGSMITH_PROJECT_URL', found)
  const studioUrl = read(env, 'LANGSMITH_STUDIO_URL', found)
  if (projectUrl !== undefined) checkUrl('LANGSMITH_PROJECT_URL', projectUrl, found)
  if (studioUrl !== undefined) checkUrl('LANGSMITH_STUDIO_URL', studioUrl, found)
  return present({ projectUrl, studioUrl })
}
