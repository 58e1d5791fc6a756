import { maxInterruptsBytes } from '../domain/defaults.ts'
import { allBut, apart, apartOrLarge, begin, drop, each, first, keep, mark, marksBut, only } from './cut.ts'
import type { Cut } from './cut.ts'
import type { LargeValues } from './large-values.ts'

const KB = 1024
const MB = 1024 * KB

/** What is kept of one kind of answer, and how much of it is read. */
export interface Answer {
  readonly cut: Cut
  /** What is kept to be parsed at once. More is an answer that is too large. */
  readonly maxTextBytes: number
  /** The same with all that is kept apart. */
  readonly maxKeptBytes: number
  readonly maxReadBytes: number
  /** What helps if it is larger than that. */
  readonly advice?: string
  /** What is kept of it may outlive its reading. */
  readonly large?: LargeValues | undefined
}

/** What is read is more than what is kept: a run repeats its input, and a state holds its values. */
const small = { maxTextBytes: MB, maxKeptBytes: MB, maxReadBytes: 16 * MB }
const medium = { maxTextBytes: 2 * MB, maxKeptBytes: 2 * MB, maxReadBytes: 64 * MB }
/** Without a result store a result over 1.5 MB is only measured; escapes make JSON longer than it will be. */
const maxValuesBytes = 2 * MB
/** With one: as much as is read of an answer. */
const maxLargeBytes = 64 * MB
/** An outcome shows 4 KB of it, in another form. */
const errorCut = begin(64 * KB)
/** Enough to see that it is too long. */
const idCut = begin(300)
const nodeCut = begin(2400)

export const mostInterrupts = 1000
const interruptsCut = first(
  mostInterrupts + 1,
  only({ id: idCut, interrupt_id: idCut, value: apart(maxInterruptsBytes) }),
)
export const mostNextNodes = 100
const mostTasks = 1000

const checkpointFields = {
  next: first(mostNextNodes, nodeCut),
  interrupts: interruptsCut,
  tasks: first(mostTasks, only({ name: nodeCut, error: errorCut, interrupts: interruptsCut, result: mark })),
  metadata: only({ run_id: idCut, source: idCut }),
  created_at: begin(100),
  checkpoint: only({ checkpoint_id: idCut }),
  checkpoint_id: idCut,
}

const graphCut = only({ configurable: only({ graph_id: nodeCut }) })
export const statusAnswer: Answer = {
  ...small,
  cut: only({
    status: begin(KB),
    updated_at: begin(100),
    created_at: begin(100),
    assistant_id: idCut,
    kwargs: only({ resumable: keep, temporary: keep, input: mark, config: graphCut }),
    output: marksBut({ __interrupt__: interruptsCut }),
    error_message: errorCut,
  }),
}
const optionsCut = { config: apart(MB), context: apart(MB) }
/** A run with all its options, whose numbers are still exact, and of its input whether it has one. */
export const runAnswer: Answer = {
  ...small,
  maxReadBytes: medium.maxReadBytes,
  cut: allBut({
    metadata: apart(MB),
    kwargs: allBut({ input: mark, ...optionsCut }),
    ...optionsCut,
    input: begin(10),
    output: drop,
  }),
}
/** A run by what it was asked to do. */
export const likenessAnswer: Answer = {
  ...medium,
  maxKeptBytes: 2 * MB + maxValuesBytes,
  cut: only({ assistant_id: idCut, input: apart(maxValuesBytes) }),
}
const requestFields = { input: begin(64 * KB), command: begin(64 * KB) }
/** What a run was asked for with, unparsed: enough to see whether two are the same. */
export const requestAnswer: Answer = {
  ...small,
  cut: only({ assistant_id: idCut, kwargs: only(requestFields), ...requestFields }),
}
export const createdAnswer: Answer = { ...small, cut: only({ run_id: idCut }) }
export const threadAnswer: Answer = {
  ...small,
  cut: only({ error: errorCut, status: begin(KB), metadata: only({ graph_id: nodeCut, assistant_id: idCut }) }),
}
export const assistantAnswer: Answer = { ...small, cut: only({ graph_id: nodeCut }) }
const infoCut = { version: begin(100), context: begin(100), langgraph_py_version: begin(100) }
export const infoAnswer: Answer = { ...small, cut: only(infoCut) }
/** Only the fact that an answer came. */
export const anyAnswer: Answer = { ...small, cut: mark }
export const foundThreadAnswer: Answer = {
  ...small,
  cut: first(1, only({ thread_id: idCut, metadata: only({ graph_id: nodeCut }), interrupts: each(interruptsCut) })),
}
/** Servers that do not know `select` add the whole state of each. */
export const threadsAnswer: Answer = {
  ...small,
  maxReadBytes: 64 * MB,
  cut: first(1000, only({ thread_id: idCut, status: begin(100), updated_at: begin(100) })),
}
export const schemasAnswer: Answer = { ...small, cut: only({ output_schema: keep }) }
/** One checkpoint without its values. */
export const checkpointAnswer: Answer = { ...medium, cut: only(checkpointFields) }

export function pageAnswer(limit: number): Answer {
  const run = only({
    run_id: idCut,
    status: begin(KB),
    metadata: keep,
    created_at: begin(100),
    kwargs: mark,
    input: mark,
    multitask_strategy: mark,
    config: only({ metadata: keep }),
    output: marksBut({ __interrupt__: first(1, only({ id: idCut })) }),
    error_message: begin(KB),
  })
  return { ...medium, maxTextBytes: 4 * MB, maxKeptBytes: 4 * MB, cut: first(limit, run) }
}

export function historyAnswer(limit: number): Answer {
  return { ...medium, cut: first(limit, only(checkpointFields)) }
}

/** One checkpoint with its values, or these fields of them. */
export function stateAnswer(keys: readonly string[] | undefined, large?: LargeValues): Answer {
  return keys || large ? stateWith(keys, large) : wholeState
}

function stateWith(keys: readonly string[] | undefined, large?: LargeValues): Answer {
  return { ...withOneResult(keys, large), cut: only(withValues(keys, large)) }
}

export function historyWithValuesAnswer(
  limit: number,
  keys: readonly string[] | undefined,
  large?: LargeValues,
): Answer {
  const one = withOneResult(keys, large)
  const bounds = limit === 1 || large ? one : { ...one, maxKeptBytes: 32 * MB }
  return { ...bounds, cut: first(limit, only(withValues(keys, large))) }
}

/** An answer with one result: what else it holds is bounded apart. */
function withOneResult(keys: readonly string[] | undefined, large: LargeValues | undefined) {
  return { ...medium, ...readOf(keys), maxKeptBytes: 2 * MB + (large ? maxLargeBytes : maxValuesBytes), large }
}

/** What is not chosen is passed over: that takes time, and no memory. */
function readOf(keys: readonly string[] | undefined): Pick<Answer, 'maxReadBytes' | 'advice'> {
  if (keys) return { maxReadBytes: 256 * MB }
  return { maxReadBytes: 64 * MB, advice: 'name the fields that you need in `resultKeys`' }
}

/** A run with the values that it ended with, or these fields of them. */
export function outputAnswer(keys: readonly string[] | undefined, large?: LargeValues): Answer {
  const cut = only({
    status: begin(KB),
    assistant_id: idCut,
    kwargs: mark,
    error_message: mark,
    output: valuesCut(keys, large),
  })
  return { ...withOneResult(keys, large), cut }
}

function withValues(
  keys: readonly string[] | undefined,
  large: LargeValues | undefined,
): Readonly<Record<string, Cut>> {
  return { ...checkpointFields, values: valuesCut(keys, large) }
}

/** Of the events of a stream the last values, the last question, and the ones that are coming in. */
export function streamBounds(keys: readonly string[] | undefined, large: LargeValues | undefined) {
  return { ...readOf(keys), maxKeptBytes: large ? 4 * MB + maxLargeBytes : 8 * MB }
}
export const metadataEvent: Answer = { ...small, cut: only({ run_id: idCut }) }
export const errorEvent: Answer = { ...small, cut: errorCut }
export const questionEvent: Answer = { ...medium, cut: only({ __interrupt__: interruptsCut }) }

export function valuesEvent(keys: readonly string[] | undefined, large?: LargeValues): Answer {
  const bounds = large ? { maxKeptBytes: maxLargeBytes + 2 * MB } : {}
  return { ...medium, ...bounds, cut: valuesCut(keys, large) }
}

function valuesCut(keys: readonly string[] | undefined, large?: LargeValues): Cut {
  const cut = keys ? only(Object.fromEntries(keys.map((key) => [key, keep]))) : keep
  return large ? apartOrLarge(maxLargeBytes, cut, large.above) : apart(maxValuesBytes, cut)
}

/** Made once, because an answer has a client of its own. */
const wholeState = stateWith(undefined)
