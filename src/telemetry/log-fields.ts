import { types } from 'node:util'
import { bounded, inJson } from '../domain/text.ts'

type Field = string | number | boolean | null
export type Fields = Readonly<Record<string, Field>>

const mostBytes = 4096

/** What Temporal's SDK adds to its entries, and nobody looks for. */
const left = new Set(['sdkComponent', 'activityId', 'isLocal', 'taskToken', 'spanContexts', 'target', 'error'])
/** A line has these of its own: no field may stand for them. */
const taken = new Set(['time', 'level', 'message'])

/**
 * What an entry is about, in flat fields with snake_case names: `thread_id`, `workflow_id`, `task_queue`. `run_id` is
 * LangGraph's; Temporal's own id of an execution is `workflow_run_id`.
 */
export function fieldsOf(meta: Readonly<Record<string, unknown>>, hasStack: boolean): Fields {
  const fields: Record<string, Field> = {}
  for (const [name, value] of Object.entries(meta)) {
    if (left.has(name) || value === undefined) continue
    const snake = name === 'runId' ? 'workflow_run_id' : snakeCase(name)
    fields[taken.has(snake) ? `${snake}_` : snake] = flat(value)
  }
  const { error } = meta
  return error === undefined ? fields : { ...fields, ...errorFields(error, hasStack) }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function flat(value: unknown): Field {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return bounded(value, mostBytes)
  if (isError(value)) return errorText(value)
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string')
  return bounded(isList ? value.join(', ') : inJson(value), mostBytes)
}

function errorFields(error: unknown, hasStack: boolean): Fields {
  if (!isError(error)) return { error: flat(error) }
  const stack = hasStack ? framesOf(error) : ''
  return { error: errorText(error), ...(stack !== '' && { stack: bounded(stack, mostBytes) }) }
}

/** Without its stack, which begins with the same words. The cause often says why. */
function errorText(error: Error): string {
  const type = 'type' in error && typeof error.type === 'string' ? error.type : error.name
  const why = isError(error.cause) ? `: ${error.cause.message}` : ''
  return bounded(`${type}: ${error.message}${why}`, mostBytes)
}

/** The stack of an error, one place a line, without the folders of this machine. */
export function framesOf({ stack = '' }: Error): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.map((frame) => withoutFolders(frame.trim())).join('\n')
}

/** A path from `node_modules`, `src` or `dist` on, or a file's name alone. */
function withoutFolders(frame: string): string {
  return frame.replaceAll(/node:\S+|(?:file:\/\/)?(?:[A-Za-z]:)?(?:[\\/][^\\/\s():]+)+/g, (path) => {
    const parts = path.split(/[\\/]/)
    const from = Math.max(parts.lastIndexOf('node_modules'), parts.lastIndexOf('src'), parts.lastIndexOf('dist'))
    return path.startsWith('node:') ? path : parts.slice(from === -1 ? -1 : from).join('/')
  })
}

/** One of a workflow's sandbox is no instance of this realm's class. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}
