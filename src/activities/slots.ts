import { NotAsked } from '../langgraph/pace.ts'

/**
 * The activity slots of one worker, which its deployments share: each may hold as many as are still free. So one that hangs
 * gets half of them, two get a third each, and there is always room for another.
 */
export class Slots {
  readonly #total: number
  readonly #held = new Map<string, number>()
  #inUse = 0

  constructor(total: number) {
    this.#total = total
  }

  /** @throws NotAsked if the deployment has its share */
  async hold<T>(deployment: string, work: () => Promise<T>): Promise<T> {
    const held = this.#held.get(deployment) ?? 0
    if (held >= this.#total - this.#inUse) throw new NotAsked(whyNot(deployment, held))
    this.#count(deployment, 1)
    try {
      return await work()
    } finally {
      this.#count(deployment, -1)
    }
  }

  #count(deployment: string, by: 1 | -1): void {
    this.#inUse += by
    this.#held.set(deployment, (this.#held.get(deployment) ?? 0) + by)
  }
}

function whyNot(deployment: string, held: number): string {
  return `Deployment "${deployment}" was not asked, since ${held} requests to it wait for an answer already: is the server overloaded?`
}
