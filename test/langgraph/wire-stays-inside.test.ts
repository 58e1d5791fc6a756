import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../src')

/** Fields of outcomes, of `progress`, of notifications and of traces, which are snake_case as the LangGraph API is. */
const outcomeFields = ['run_id', 'thread_id', 'checkpoint_id', 'updated_at', 'assistant_id']
/** Alternatives of this application's own unions. */
const ownAlternatives = ['not_found', 'too_large']
/** Words that src/langgraph writes with underscores, and that other folders may write too. */
const contractWords = [...outcomeFields, ...ownAlternatives]
/** Words of a server that have no underscore. */
const serverWords = /\b(kwargs|configurable|pending|__interrupt__|ifNotExists|lastEventId)\b/g
/** A bare 500 may be milliseconds, and sizes say so. */
const httpNumbers = /\b(40\d|41\d|42[29]|50[1-4])\b(?! \* MB)|\bHTTP \d/g
/** They speak HTTP with somebody else than LangGraph. */
const otherStatuses = [
  'webhook/',
  'telemetry/receiver-metrics.ts',
  'activities/notify.ts',
  'cli/doctor/worker-report.ts',
  'payloads/codec-server/',
  'store/',
]
const snakeCase = /\b[a-z]+(_[a-z]+)+\b/g

interface Source {
  readonly path: string
  readonly imports: readonly string[]
  readonly code: string
}

async function sources(): Promise<readonly Source[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries.filter(({ name }) => name.endsWith('.ts')).map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(
    paths.map(async (path) => {
      const code = withoutComments(await readFile(path, 'utf8'))
      const imports = [...code.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)]
      return { path: relative(root, path), code, imports: imports.map(([, fixed, dynamic]) => fixed ?? dynamic ?? '') }
    }),
  )
}

/** A comment may explain: the contract itself says what a 401 means. */
function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
}

const isInside = ({ path }: Source) => path.startsWith('langgraph/')
const all = await sources()
const outside = all.filter((source) => !isInside(source))
const wireWords = new Set(
  all.filter(isInside).flatMap(({ code }) => [...code.matchAll(snakeCase)].map(([word]) => word)),
)

/** Where it is found, as "path: word". */
function found(words: (code: string) => readonly string[]): string[] {
  return outside.flatMap(({ path, code }) => [...new Set(words(code))].map((word) => `${path}: ${word}`))
}

describe('outside src/langgraph', () => {
  test('some files are read', () => {
    expect(outside.length).toBeGreaterThan(50)
    expect([...wireWords]).toEqual(expect.arrayContaining([...contractWords, 'interrupt_before', 'created_at']))
  })

  test('no file imports the LangGraph SDK', () => {
    expect(outside.filter(({ imports }) => imports.some((from) => from.startsWith('@langchain/')))).toEqual([])
  })

  test('only activities, sweep and telemetry import what src/langgraph does; others may name its configuration', () => {
    const wiring = ['deployments.ts', 'server.ts'].map((name) => `langgraph/${name}`)
    const importing = outside.flatMap(({ path, imports }) =>
      imports
        .filter((from) => from.includes('/langgraph/') && !/^(activities|sweep|telemetry)\//.test(path))
        .filter((from) => !wiring.some((allowed) => from.endsWith(allowed)))
        .map((from) => `${path}: ${from}`),
    )
    expect(importing).toEqual([])
  })

  test('no code decides by an HTTP status, but for those of our own receivers and of who is notified', () => {
    const statuses = found((code) => [...code.matchAll(httpNumbers)].map(([word]) => word))
    expect(statuses.filter((at) => !otherStatuses.some((path) => at.startsWith(path)))).toEqual([])
  })

  test('no code knows a field of the wire', () => {
    const isAllowed = new Set(contractWords)
    const words = found((code) =>
      [...code.matchAll(snakeCase)].map(([word]) => word).filter((word) => wireWords.has(word) && !isAllowed.has(word)),
    )
    expect(words).toEqual([])
  })

  test('no code knows a word that only servers use', () => {
    expect(found((code) => [...code.matchAll(serverWords)].map(([word]) => word))).toEqual([])
  })
})
