import { ApplicationFailure, CompleteAsyncError } from '@temporalio/common'

/**
 * What a span may tell of a failure: its type. A message may quote an answer of LangGraph, and such an answer may quote what
 * the run was given or has made.
 */
export function withoutWords(error: unknown): unknown {
  // This is no failure.
  if (error instanceof CompleteAsyncError) return error
  const shown =
    error instanceof ApplicationFailure
      ? ApplicationFailure.create({
          message: error.type ?? error.name,
          ...(error.category && { category: error.category }),
        })
      : new Error(error instanceof Error ? error.name : typeof error)
  shown.stack = shown.message
  return shown
}
