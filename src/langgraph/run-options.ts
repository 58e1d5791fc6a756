import { workflowMetadataKey } from '../domain/contract.ts'
import type { NewRun } from '../domain/creation.ts'
import { isRecord, present } from '../domain/json.ts'
import type { Json, RunOrigin } from '../domain/run.ts'
import { uuid } from '../domain/rules.ts'
import { sendable } from './exact-numbers.ts'
import { givenTo, ignoresStrategies, metadataOf, ownWordIn, tellsItsEnd } from './run-record.ts'
import type { OwnWord } from './port.ts'
import { idOf, json, listOf, recordOf, textOf, utcTime } from './wire.ts'

/** One run of a thread, as far as a list tells. */
export interface ListedRun {
  readonly runId: string
  readonly status: string
  /** Its texts. A thread passes its metadata on to later runs, so a key in it may be an older run's. */
  readonly metadata: Readonly<Record<string, string>>
  /** The server would have shown a run's metadata. */
  readonly showsMetadata: boolean
  readonly ignoresStrategies: boolean
  readonly ownWord?: OwnWord
  /** When it was created. */
  readonly madeAtMs: number
  /** When it begins: for a run with `after_seconds`, servers that can say it give this as its time. */
  readonly beginsAtMs: number
}

/** All that a run needs as well if it continues this one: without its breakpoints it would run through. */
type InheritedOptions = Omit<NewRun, 'input' | 'command' | 'multitaskStrategy' | 'afterSeconds'> & {
  readonly streamMode?: Json
  readonly streamSubgraphs?: boolean
}

/** What servers put into a run's configuration, and into its metadata, themselves. */
const serversOwn =
  /^(__|langgraph_|checkpoint_|ls_|(run_id|thread_id|graph_id|assistant_id|user_id|user-agent|created_by|run_attempt)$)/

const isServers = (name: string) => serversOwn.test(name)
const isNotTheUsers = (name: string) => isServers(name) || name.startsWith(workflowMetadataKey)
const isOfOneRun = (name: string) => name === 'run_id' || name === 'callbacks'

/** Reads the options of an earlier run from what the server says about it. */
export function inheritedOptions(wire: Readonly<Record<string, unknown>>): InheritedOptions {
  const kwargs = givenTo(wire)
  const context = without(sendable(kwargs['context']))
  return {
    assistantId: textOf(wire['assistant_id']) ?? '',
    ...present({
      config: configOf(recordOf(sendable(kwargs['config'])), context !== undefined),
      context,
      metadata: without(sendable(wire['metadata']), isNotTheUsers),
      interruptBefore: nodesOf(kwargs['interrupt_before']),
      interruptAfter: nodesOf(kwargs['interrupt_after']),
      durability: durabilityOf(kwargs['durability']),
      streamMode: listOf(kwargs['stream_mode']).length > 0 ? json(kwargs['stream_mode']) : undefined,
      streamSubgraphs: kwargs['subgraphs'] === true ? true : undefined,
      streamResumable: kwargs['resumable'] === true ? true : undefined,
      webhook: textOf(kwargs['webhook']),
    }),
  }
}

/** A server refuses a run with both a context and configurable fields, so the context wins. */
function configOf(config: Readonly<Record<string, unknown>>, hasContext: boolean): Fields | undefined {
  const configurable = hasContext ? undefined : without(config['configurable'], isServers)
  return without({ ...config, configurable, metadata: without(config['metadata'], isNotTheUsers) }, isOfOneRun)
}

type Fields = Readonly<Record<string, Json>>

/** All fields but those that are left out; `undefined` if there are none. */
function without(wire: unknown, isLeftOut: (name: string) => boolean = () => false): Fields | undefined {
  const fields = Object.entries(recordOf(wire)).filter(([name, value]) => value !== undefined && !isLeftOut(name))
  return fields.length > 0 ? Object.fromEntries(fields.map(([name, value]) => [name, json(value)])) : undefined
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
  const runId = uuid.read(idOf(run['run_id']))
  if (runId === undefined) return undefined
  const beginsAtMs = Date.parse(utcTime(run['created_at']) ?? '') || 0
  return {
    runId,
    status: textOf(run['status']) ?? '',
    metadata: metadataOf(run),
    showsMetadata: isRecord(run['metadata']),
    ignoresStrategies: ignoresStrategies(run),
    ...present({ ownWord: ownWordIn(run) }),
    madeAtMs: timeInUuid(runId) ?? beginsAtMs,
    beginsAtMs,
  }
}

export function isContinuation(wire: Readonly<Record<string, unknown>>): boolean {
  return (recordOf(wire['kwargs'])['input'] ?? null) === null
}

/** What its ending and its values cannot be read without. */
export function originOf(wire: Readonly<Record<string, unknown>>): RunOrigin | undefined {
  const kwargs = wire['kwargs']
  const { graph_id: graphId } = recordOf(recordOf(recordOf(kwargs)['config'])['configurable'])
  const origin = present({
    assistantId: idOf(wire['assistant_id']),
    graphId: textOf(graphId),
    continues: isRecord(kwargs) ? isContinuation(wire) : undefined,
    holdsOutput: tellsItsEnd(wire) ? (true as const) : undefined,
  })
  return Object.keys(origin).length > 0 ? origin : undefined
}

/** A UUID of version 7 begins with the time at which it was made. */
function timeInUuid(uuid: string): number | undefined {
  return uuid[14] === '7' ? Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16) : undefined
}
