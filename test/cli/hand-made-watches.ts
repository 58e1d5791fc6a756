import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { msToTs } from '@temporalio/common/lib/time.js'
import { inject, vi } from 'vitest'
import { watchWorkflowId, workflowTypes } from '../../src/domain/contract.ts'
import { searchAttributes } from '../../src/domain/state.ts'
import type { WatchMemo } from '../../src/domain/state.ts'

const keyword = 2

interface Given extends Partial<WatchMemo> {
  /** The id of an execution; without it, a watch. */
  readonly id?: string
  /** Without search attributes, as one that no worker has taken up yet. */
  readonly isBare?: boolean
  readonly isTerminated?: boolean
}

/** A namespace of its own with watches and executions that no worker carries out, so that they stay as they are. */
export class HandMadeWatches {
  readonly namespace = `watches-${randomUUID()}`
  readonly client: Client
  readonly hasAttributes: boolean

  static async open(hasAttributes: boolean): Promise<HandMadeWatches> {
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const made = new HandMadeWatches(connection, hasAttributes)
    const { namespace } = made
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1d') })
    const searchAttributeTypes = Object.fromEntries(Object.values(searchAttributes).map((name) => [name, keyword]))
    // The server takes a moment until it knows a namespace.
    const ready = async () => {
      if (!hasAttributes) await made.client.workflow.count()
      else await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: searchAttributeTypes })
    }
    await vi.waitFor(ready, { timeout: 30_000, interval: 100 })
    return made
  }

  private constructor(connection: Connection, hasAttributes: boolean) {
    this.client = new Client({ connection, namespace: this.namespace })
    this.hasAttributes = hasAttributes
  }

  /** @returns its workflow id */
  async start(given: Given): Promise<string> {
    const { id, isBare, isTerminated, ...memo } = given
    const { deployment = 'default', thread_id = randomUUID(), run_id = randomUUID() } = memo
    const workflowId = id ?? watchWorkflowId({ threadId: thread_id, runId: run_id, deployment })
    const langgraph = { deployment, thread_id, run_id, ...memo }
    const handle = await this.client.workflow.start(
      id === undefined ? workflowTypes.watchRun : workflowTypes.executeRun,
      {
        taskQueue: 'nobody',
        workflowId,
        memo: { langgraph },
        ...(this.hasAttributes && !isBare && { typedSearchAttributes: attributesOf(langgraph) }),
      },
    )
    if (isTerminated) await handle.terminate()
    return workflowId
  }

  /** With a memo that is none of ours. */
  async startOdd(id: string, memo: unknown): Promise<void> {
    await this.client.workflow.start(workflowTypes.executeRun, {
      taskQueue: 'nobody',
      workflowId: id,
      memo: { langgraph: memo },
    })
  }

  /** With a memo that no converter reads. */
  async startUnreadable(id: string): Promise<void> {
    const payload = { metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from([1, 2, 3]) }
    await this.client.workflowService.startWorkflowExecution({
      namespace: this.namespace,
      workflowId: id,
      workflowType: { name: workflowTypes.executeRun },
      taskQueue: { name: 'nobody' },
      requestId: randomUUID(),
      memo: { fields: { langgraph: payload } },
    })
  }

  async close(): Promise<void> {
    await this.client.connection.close()
  }
}

function attributesOf({ thread_id, run_id, assistant, state }: Partial<WatchMemo>) {
  const pairs = [
    [searchAttributes.thread, thread_id],
    [searchAttributes.run, run_id],
    [searchAttributes.assistant, assistant],
    [searchAttributes.state, state],
  ] as const
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [{ key: defineSearchAttributeKey(name, 'KEYWORD'), value }],
  )
}
