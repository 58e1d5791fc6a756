import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { isRecord } from '../../src/domain/json.ts'
import type { MinimalRun } from '../minimal-activities.ts'
import { Program } from './processes.ts'
import type { Report, RunToScript } from './scripted-server.ts'

/** A run on the scripted server, and when it ends; that may be told later. */
export interface FleetRun extends MinimalRun {
  endsAtMs?: number
}

/** Requests in one call of the scripted server. */
const runsACall = 5000

/** The scripted LangGraph server, in a process of its own. */
export class ScriptedServer {
  readonly url: string
  readonly program: Program

  static async start(): Promise<ScriptedServer> {
    const program = Program.node(fileURLToPath(new URL('scripted-server.ts', import.meta.url)), [])
    const message = await program.sent()
    return new ScriptedServer(isRecord(message) ? String(message['url']) : '', program)
  }

  private constructor(url: string, program: Program) {
    this.url = url
    this.program = program
  }

  /** Makes these runs known, or when they end. */
  async script(runs: readonly FleetRun[]): Promise<void> {
    for (let from = 0; from < runs.length; from += runsACall) {
      const lines = runs
        .slice(from, from + runsACall)
        .map(({ threadId, runId, endsAtMs = null }): RunToScript => [threadId, runId, endsAtMs])
      await fetch(`${this.url}/bench/runs`, { method: 'POST', body: JSON.stringify(lines) })
    }
  }

  async report(): Promise<Report> {
    const response = await fetch(`${this.url}/bench/report`)
    const report: Report = JSON.parse(await response.text())
    return report
  }

  stop(): Promise<void> {
    return this.program.end()
  }
}

export function newRuns(count: number): FleetRun[] {
  return Array.from({ length: count }, () => ({ threadId: randomUUID(), runId: randomUUID() }))
}
