import { createConnection } from 'node:net'

const timeoutMs = 500
const portOffset = 1000

/** Temporal Cloud's, or what answers where a dev server has it: its port + 1000. */
export async function webUiOf(address: string): Promise<string | undefined> {
  const { hostname, port } = new URL(`http://${address}`)
  if (/\.(tmprl\.cloud|temporal\.io)$/.test(hostname)) return 'https://cloud.temporal.io'
  const uiPort = Number(port || 7233) + portOffset
  const isThere = uiPort <= 65_535 && (await accepts(hostname.replaceAll(/[[\]]/g, ''), uiPort))
  return isThere ? `http://${hostname}:${uiPort}` : undefined
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: timeoutMs })
    const end = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}
