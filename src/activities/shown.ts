import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { LangGraphFailureDetails } from '../domain/contract.ts'
import { workflowTypes } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import type { Shown } from '../domain/run.ts'
import type { Linked, Links } from './links.ts'

export interface ShowsOptions {
  /** Absent: watches have no search attributes. */
  readonly searchAttributes?: {
    /** As of a few seconds ago. */
    exist(namespace: string): Promise<boolean>
    /** Makes it as of now. */
    look?(namespace: string): Promise<void>
  }
  readonly links?: Links
  readonly notifies?: boolean
}

/** Tells watches what they may show operators, in the answers and failures of their activities. */
export class Shows {
  readonly #options: ShowsOptions

  constructor(options: ShowsOptions) {
    this.#options = options
  }

  /** @param run absent if its links are of no interest */
  async to(run?: Linked): Promise<Shown> {
    if (!isOfWatch()) return {}
    const { searchAttributes, links, notifies } = this.#options
    const areThere = await searchAttributes?.exist(activityInfo().workflowNamespace ?? '')
    const pages = (run && links?.(run)) ?? []
    return {
      memo: true,
      ...(areThere && { searchAttributes: true as const }),
      ...(notifies && { notifies: true as const }),
      ...(pages.length > 0 && { links: pages }),
    }
  }

  /** After a look at what is there now. */
  async now(): Promise<Shown> {
    await this.#options.searchAttributes?.look?.(activityInfo().workflowNamespace ?? '')
    return this.to()
  }

  /**
   * A watch changes its state also when it gets no answer.
   *
   * @param noticeOf the notice of an outage that the watch is to give
   */
  async inFailures<T>(work: () => Promise<T>, noticeOf: () => string | undefined = () => undefined): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ApplicationFailure && isOfWatch()) {
        const details: LangGraphFailureDetails = Object(error.details?.[0])
        const outageNotice = details.not_asked ? undefined : noticeOf()
        const shown = { ...(await this.to()), ...present({ outageNotice }) }
        Object.assign(details, { shown })
      }
      throw error
    }
  }
}

/** `readRunStatus` and `retrieveRunResult` look once and show nothing. */
export function isOfWatch(): boolean {
  const { workflowType } = activityInfo()
  return workflowType !== workflowTypes.readRunStatus && workflowType !== workflowTypes.retrieveRunResult
}
