import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { ConfigError, loadWorkerConfig } from '../../src/config.ts'

/** Variables of a clone's embedded servers; a worker has no use for them. */
const ofClones = ['TEMPORAL_CLI_PATH', 'TEMPORAL_TEST_SERVER_PATH']

/** All variables that the worker reads, whatever the values of the others are. */
export async function workerVariables(): Promise<readonly string[]> {
  const names = [...ownVariables(), ...(await temporalVariables())]
  return [...new Set(names)].filter((name) => !ofClones.includes(name)).toSorted()
}

/** Each variable is set, to something that may be wrong: so nothing is left unread because something else is missing. */
function ownVariables(): readonly string[] {
  const asked = new Set<string>()
  const everything = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => set(String(name)),
      getOwnPropertyDescriptor: (_, name) => ({ value: set(String(name)), configurable: true, enumerable: true }),
    },
  )
  function set(name: string): string {
    asked.add(name)
    return 'planted'
  }
  try {
    loadWorkerConfig(everything)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
  return [...asked]
}

/** Those of the connection, which Temporal's own reader knows. */
async function temporalVariables(): Promise<readonly string[]> {
  const { resolve } = createRequire(import.meta.url)
  const reader = resolve('@temporalio/envconfig').replace(/index\.js$/, 'envconfig-toml.js')
  const source = await readFile(reader, 'utf8')
  // Codecs are for Temporal's command line.
  return [...source.matchAll(/'(TEMPORAL_(?!CODEC_|GRPC_META_)[A-Z_]+)'/g)].map(([, name = '']) => name)
}
