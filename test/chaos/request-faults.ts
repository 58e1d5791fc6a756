import { setTimeout as pause } from 'node:timers/promises'
import type { Exchange } from './fault-proxy.ts'

/** An answer that comes later than some clients wait, but a creation still arrives while its client counts on that. */
const longestDelayMs = 5000

type Fault = (exchange: Exchange) => Promise<void>

/** What may become of a request. */
export const requestFaults = {
  'answered 5xx, not carried out': async (exchange) => exchange.refuse(serverError(exchange)),
  'answered 5xx, carried out': async (exchange) => {
    await exchange.forward()
    exchange.refuse(serverError(exchange))
  },
  'answered 429': async (exchange) => exchange.refuse(429, { 'retry-after': '1' }),
  'hung, not carried out': (exchange) => exchange.untilGone(),
  'hung, carried out': async (exchange) => {
    await exchange.forward()
    await exchange.untilGone()
  },
  'answer cut': async (exchange) => exchange.cut(await exchange.forward()),
  doubled: async (exchange) => {
    const [first, second] = await Promise.all([exchange.forward(), exchange.forward()])
    exchange.answer(exchange.chance < 0.5 ? first : second)
  },
  'arrived late': async (exchange) => {
    await late(exchange)
    exchange.answer(await exchange.forward())
  },
  'answered late': async (exchange) => {
    const answer = await exchange.forward()
    await late(exchange)
    exchange.answer(answer)
  },
} as const satisfies Readonly<Record<string, Fault>>

export type RequestFault = keyof typeof requestFaults
export const requestFaultNames = Object.keys(requestFaults).filter(
  (name): name is RequestFault => name in requestFaults,
)

/** Of 30 requests 9 meet a fault: each of them one. */
export const requestsADeck = 30

function serverError({ chance }: Exchange): number {
  return 500 + Math.floor(chance * 5)
}

async function late({ chance }: Exchange): Promise<void> {
  await pause(500 + chance * (longestDelayMs - 500), undefined, { ref: false })
}
