import { readFileSync, statSync } from 'node:fs'
import { isRecord, messageOf } from '../domain/json.ts'
import { decoded } from '../text-file.ts'
import type { Findings } from './environment.ts'

export const shapeOfADeployment = '{ "url", "apiKeyEnv"?, "headers"?, "linkTemplate"?, "namespaces"?, "taskQueues"? }'

/** One deployment, as the file has it. */
export interface Entry {
  /** Its place in the file, for messages. */
  readonly at: string
  readonly name: string
  readonly fields: unknown
}

export function entriesOf(file: string, found: Findings): Entry[] {
  const where = `LANGGRAPH_DEPLOYMENTS (${file})`
  try {
    const deployments = jsonIn(file, where, found)
    warnOfReaders(file, where, deployments, found)
    return Object.entries(deployments).map(([name, fields]) => ({ at: `${where} "${name}"`, name, fields }))
  } catch (error) {
    found.mistakes.push(`${where}: ${messageOf(error)}`)
    return []
  }
}

function jsonIn(file: string, where: string, { mistakes }: Findings): Readonly<Record<string, unknown>> {
  // A pipe without a writer would be waited for.
  if (!statSync(file).isFile()) throw new Error('must be a file')
  const text = decoded(readFileSync(file))
  const deployments = parsed(text)
  if (!isRecord(deployments) || Object.keys(deployments).length === 0) {
    throw new Error(`must be an object, name → ${shapeOfADeployment}, with one name or more`)
  }
  for (const name of repeatedNames(text)) mistakes.push(`${where}: "${name}" stands twice in the same object: keep one`)
  return deployments
}

/** @throws Error without the parser's words, which quote the text */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('is no valid JSON')
  }
}

/** Of equal names in an object `JSON.parse` keeps the last, without a word. @param json valid JSON */
function repeatedNames(json: string): string[] {
  const repeated: string[] = []
  const open: Set<string>[] = []
  for (const [token, text = ''] of json.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(?:\s*:)?/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (token.endsWith(':')) {
      const name: string = JSON.parse(text)
      if (open.at(-1)?.has(name)) repeated.push(name)
      open.at(-1)?.add(name)
    }
  }
  return repeated
}

const others = 0o004
const nameOfASecret = /auth|cookie|key|password|secret|token/i

function warnOfReaders(file: string, where: string, deployments: object, { warnings }: Findings): void {
  const headers = Object.values(deployments).flatMap((fields) => Object.entries(Object(fields?.headers)))
  const holdsSecret = headers.some(([name, value]) => nameOfASecret.test(name) && typeof value === 'string')
  if (!holdsSecret || process.platform === 'win32' || (statSync(file).mode & others) === 0) return
  warnings.push(
    `${where}: holds a secret header, and every user of this machine can read it: chmod 600, or name a variable: { "env": "NAME" }`,
  )
}
