import type { Creation, Later, StateNow } from '../domain/creation.ts'
import { maxErrorBytes, maxReasonBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { onOneLine } from '../domain/printable.ts'
import { isTerminal } from '../domain/run.ts'
import type { KnownEnding, ReadInterrupts, RunEnding, RunOrigin } from '../domain/run.ts'
import { bounded, utf8Bytes } from '../domain/text.ts'
import type { FirstLook, OwnValues, StatusLook } from './port.ts'
import type { Redaction } from './redaction.ts'

const maxStatusBytes = 100
const maxNodeBytes = 200
/** An outcome, and the failure that carries it, have to fit into Temporal whatever a server calls its nodes. */
const maxNextBytes = 4096

/**
 * Every text of a server passes here before it leaves this folder: without the deployment's secrets, and then bounded,
 * since a bound that cuts a secret would hide it from the search. Values are the run's own and stay as they are.
 */
export class Outgoing {
  readonly #redaction: Redaction

  constructor(redaction: Redaction) {
    this.#redaction = redaction
  }

  firstLook(look: FirstLook): FirstLook {
    return look.kind === 'ready' && look.version !== undefined
      ? { ...look, version: this.#text(look.version, maxStatusBytes) }
      : look
  }

  status(look: StatusLook): StatusLook {
    // A status stands within sentences.
    const status = isStatus(look.status) ? look.status : onOneLine(this.#text(look.status, maxStatusBytes))
    return { ...look, status, ...present({ origin: look.origin && this.#origin(look.origin) }) }
  }

  ending(ending: RunEnding): RunEnding {
    switch (ending.kind) {
      case 'known':
        return { ...this.#known(ending), ...this.#error(ending.error) }
      case 'unproven':
      case 'hidden':
      case 'unreadable':
        return {
          ...ending,
          reason: this.#text(ending.reason, maxReasonBytes),
          ...this.#errorOf(ending),
          ...this.#sharedError(ending),
        }
    }
  }

  values(own: OwnValues): OwnValues {
    switch (own.found) {
      case 'nothing':
        return { ...own, reason: this.#text(own.reason, maxReasonBytes) }
      case 'interrupts':
        return { ...own, ...this.#interrupts(own), ...present({ next: own.next && this.#next(own.next) }) }
      case 'values':
        return { ...own, ...this.#checkpoint(own.checkpointId), ...this.#paths(own.inexactNumbers) }
      case 'large':
      case 'too_large':
        return { ...own, ...this.#checkpoint(own.checkpointId) }
    }
  }

  creation(creation: Creation): Creation {
    switch (creation.kind) {
      case 'refused':
      case 'busy':
      case 'unproven':
        return { ...creation, reason: this.#text(creation.reason, maxErrorBytes) }
      case 'edited':
        return { ...creation, now: this.#state(creation.now) }
      case 'created':
      case 'foreign':
      case 'not_found':
      case 'overtaken':
        return creation
    }
  }

  later(later: Later): Later {
    return later.kind === 'edited' ? { ...later, now: this.#state(later.now) } : later
  }

  #state(now: StateNow): StateNow {
    return { ...this.#interrupts(now), next: this.#next(now.next) }
  }

  #known(ending: KnownEnding): KnownEnding {
    const next = this.#next(ending.next)
    const failed = present({ failedNodes: ending.failedNodes && this.#next(ending.failedNodes) })
    return { ...ending, ...this.#interrupts(ending), next, ...failed, ...this.#checkpoint(ending.checkpointId) }
  }

  #errorOf(ending: RunEnding): { readonly error?: string } {
    return ending.kind === 'unproven' || ending.kind === 'hidden' ? this.#error(ending.error) : {}
  }

  #sharedError(ending: RunEnding): Pick<Extract<RunEnding, { kind: 'unproven' }>, 'sharedError'> {
    const { error, failedNodes } = (ending.kind === 'unproven' && ending.sharedError) || {}
    if (error === undefined) return {}
    const nodes = present({ failedNodes: failedNodes && this.#next(failedNodes) })
    return { sharedError: { error: this.#text(error, maxErrorBytes), ...nodes } }
  }

  #error(error: string | undefined): { readonly error?: string } {
    return present({ error: error === undefined ? undefined : this.#text(error, maxErrorBytes) })
  }

  #checkpoint(id: string | undefined): { readonly checkpointId?: string } {
    return present({ checkpointId: id === undefined ? undefined : this.#redaction.text(id) })
  }

  /** What must not leave as it is would be of no use in another form. */
  #origin({ assistantId, graphId, ...flags }: RunOrigin): RunOrigin {
    const asItIs = (text: string | undefined) =>
      text !== undefined && this.#text(text, maxNodeBytes) === text ? text : undefined
    return { ...flags, ...present({ assistantId: asItIs(assistantId), graphId: asItIs(graphId) }) }
  }

  #paths(paths: readonly string[] | undefined): { readonly inexactNumbers?: readonly string[] } {
    return present({ inexactNumbers: paths?.map((path) => this.#text(path, maxNodeBytes)) })
  }

  #interrupts({ interrupts, inexactNumbers }: ReadInterrupts): Omit<ReadInterrupts, 'truncated'> {
    return {
      ...this.#paths(inexactNumbers),
      interrupts: interrupts.map(({ id, node, value }) => ({
        ...present({ id: id === undefined ? undefined : this.#redaction.text(id) }),
        value,
        ...present({ node: node === undefined ? undefined : this.#text(node, maxNodeBytes) }),
      })),
    }
  }

  #next(nodes: readonly string[]): readonly string[] {
    let bytes = 0
    return nodes
      .map((node) => this.#text(node, maxNodeBytes))
      .filter((node) => {
        bytes += utf8Bytes(node)
        return bytes <= maxNextBytes
      })
  }

  #text(text: string, maxBytes: number): string {
    return bounded(this.#redaction.begin(text), maxBytes)
  }
}

/** A header may hold the very word. */
function isStatus(status: string): boolean {
  return isTerminal(status) || status === 'pending' || status === 'running'
}
