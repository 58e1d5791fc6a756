import type { NewRun } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { Json } from '../domain/run.ts'
import { idOf, json, listOf, recordOf, textOf, utcTime } from './wire.ts'

/** One run of a thread, as far as a list tells. */
export interface ListedRun {
  readonly runId: string
  readonly status: string
  /** Its texts. A thread passes its metadata on to later runs, so a key in it may be an older run's. */
  readonly metadata: Readonly<Record<string, string>>
  /** When it was created. */
  readonly madeAtMs: number
  /** When it begins: for a run with `after_seconds`, servers that can say it give this as its time. */
  readonly beginsAtMs: number
}

/** The options that a run needs as well if it continues this one: without its breakpoints it would run through. */
type InheritedOptions = Omit<NewRun, 'input' | 'command' | 'multitaskStrategy' | 'metadata' | 'afterSeconds'>

/** What servers put into a run's configuration themselves. */
const serversOwn = /^(__|langgraph_|checkpoint_|(run_id|thread_id|graph_id|assistant_id|user_id|user-agent)$)/

/** Reads the options of an earlier run from what the server says about it. */
export function inheritedOptions(wire: Readonly<Record<string, unknown>>): InheritedOptions {
  const kwargs = recordOf(wire['kwargs'])
  const context = recordOf(kwargs['context'])
  const hasContext = Object.keys(context).length > 0
  const config = configOf(recordOf(kwargs['config']), hasContext)
  return {
    assistantId: textOf(wire['assistant_id']) ?? '',
    ...present({
      config: Object.keys(config).length > 0 ? config : undefined,
      context: hasContext ? json(context) : undefined,
      interruptBefore: nodesOf(kwargs['interrupt_before']),
      interruptAfter: nodesOf(kwargs['interrupt_after']),
      durability: durabilityOf(kwargs['durability']),
      streamResumable: kwargs['resumable'] === true ? true : undefined,
      webhook: textOf(kwargs['webhook']),
    }),
  }
}

/** A server refuses a run with both a context and configurable fields, so the context wins. */
function configOf(config: Readonly<Record<string, unknown>>, hasContext: boolean): Readonly<Record<string, Json>> {
  const configurable = Object.entries(recordOf(config['configurable'])).filter(([name]) => !serversOwn.test(name))
  return Object.fromEntries(
    Object.entries({
      tags: listOf(config['tags']).length > 0 ? config['tags'] : undefined,
      recursion_limit: config['recursion_limit'],
      configurable: configurable.length > 0 && !hasContext ? Object.fromEntries(configurable) : undefined,
    }).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, json(value)]])),
  )
}

function nodesOf(wire: unknown): '*' | readonly string[] | undefined {
  if (wire === '*') return wire
  const nodes = listOf(wire)
    .map(textOf)
    .filter((node) => node !== undefined)
  return nodes.length > 0 ? nodes : undefined
}

function durabilityOf(wire: unknown): NewRun['durability'] {
  return wire === 'sync' || wire === 'async' || wire === 'exit' ? wire : undefined
}

export function listedRun(wire: unknown): ListedRun | undefined {
  const run = recordOf(wire)
  const runId = idOf(run['run_id'])?.toLowerCase()
  if (runId === undefined) return undefined
  const metadata = Object.entries(recordOf(run['metadata'])).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )
  const beginsAtMs = Date.parse(utcTime(run['created_at']) ?? '') || 0
  return {
    runId,
    status: textOf(run['status']) ?? '',
    metadata: Object.fromEntries(metadata),
    madeAtMs: timeInUuid(runId) ?? beginsAtMs,
    beginsAtMs,
  }
}

export function isContinuation(wire: Readonly<Record<string, unknown>>): boolean {
  return (recordOf(wire['kwargs'])['input'] ?? null) === null
}

/** A UUID of version 7 begins with the time at which it was made. */
function timeInUuid(uuid: string): number | undefined {
  return uuid[14] === '7' ? Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) : undefined
}
