import { keywordType, searchAttributeNames } from '../../domain/state.ts'
import { isUnavailable } from '../exit.ts'
import type { Temporal } from '../temporal.ts'
import { listed } from './listed.ts'
import type { Listed } from './listed.ts'

/** Temporal's servers give no more at once. */
const mostRowsAPage = 1000
/** Over a slow network, or from a busy store, a thousand rows take longer than it takes to see that Temporal is away. */
const pageTimeoutMs = 30_000

export interface Page {
  readonly rows: readonly Listed[]
  readonly next: Uint8Array | undefined
}

/** What visibility answers about one namespace, in pages of its own order: open ones first, each kind the newest first. */
export class Visibility {
  readonly #temporal: Temporal
  readonly #rowsAPage: number
  #hasAttributes: boolean | undefined
  requests = 0

  constructor(temporal: Temporal, rowsAPage = mostRowsAPage) {
    this.#temporal = temporal
    this.#rowsAPage = rowsAPage
  }

  async page(query: string, pageSize: number, nextPageToken?: Uint8Array): Promise<Page> {
    const { client } = this.#temporal
    const { namespace } = client.options
    const request = {
      namespace,
      query,
      pageSize: Math.min(pageSize, this.#rowsAPage),
      ...(nextPageToken && { nextPageToken }),
    }
    this.requests += 1
    const { executions, nextPageToken: next } = await this.#temporal.ask(
      () => client.workflowService.listWorkflowExecutions(request),
      pageTimeoutMs,
    )
    const rows = await Promise.all((executions ?? []).map((row) => listed(client, row)))
    return { rows, next: next && next.length > 0 ? next : undefined }
  }

  async count(query: string): Promise<number> {
    this.requests += 1
    return (await this.#temporal.ask(() => this.#temporal.client.workflow.count(query))).count
  }

  /** Whether queries may name the search attributes. A server that does not tell has none. */
  async hasAttributes(): Promise<boolean> {
    return (this.#hasAttributes ??= await this.#looksForAttributes())
  }

  async #looksForAttributes(): Promise<boolean> {
    try {
      this.requests += 1
      const types = await this.#temporal.searchAttributeTypes()
      return searchAttributeNames.every((name) => types[name] === keywordType)
    } catch (error) {
      if (isUnavailable(error)) throw error
      return false
    }
  }
}
