import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that the system gives to those who ask for any (32768 and up on Linux), so nobody gets it before it is used. */
export async function freePort(): Promise<number> {
  const server = createServer()
  try {
    const port = randomInt(20_000, 32_000)
    await once(server.listen(port, '127.0.0.1'), 'listening')
    await once(server.close(), 'close')
    return port
  } catch {
    return freePort()
  }
}
