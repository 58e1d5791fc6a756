import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConfigError, loadBinaryPaths, loadWorkerConfig } from '../src/config.ts'
import type { Environment } from '../src/config.ts'
import { mistakesIn } from './support/mistakes.ts'

const url = 'http://127.0.0.1:2024'
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-config-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Writes a file and gives its path. */
async function file(content: unknown): Promise<string> {
  const path = join(folder, 'deployments.json')
  const isWhole = typeof content === 'string' || Buffer.isBuffer(content)
  await writeFile(path, isWhole ? content : JSON.stringify(content))
  return path
}

const mistakesOf = (env: Environment) => mistakesIn(() => loadWorkerConfig(env))

function warningsOf(env: Environment): readonly string[] {
  return loadWorkerConfig({ LANGGRAPH_API_URL: url, ...env }).warnings
}

function temporal(env: Environment) {
  return loadWorkerConfig({ LANGGRAPH_API_URL: url, ...env })
}

describe('LangGraph servers', () => {
  test('are one by LANGGRAPH_API_URL', () => {
    expect(loadWorkerConfig({ LANGGRAPH_API_URL: url }).servers).toEqual([{ name: 'default', url }])
  })

  test('get the key of LANGGRAPH_API_KEY, without the blanks around it', () => {
    const { servers } = loadWorkerConfig({ LANGGRAPH_API_URL: ` ${url}\n`, LANGGRAPH_API_KEY: ' key\n' })
    expect(servers).toEqual([{ name: 'default', url, apiKey: 'key' }])
  })

  test('are several by LANGGRAPH_DEPLOYMENTS, each with its own key and headers', async () => {
    const path = await file({
      eu: { url: 'https://eu.example/base', apiKeyEnv: 'EU_KEY' },
      'us-1.a_B': { url: 'https://us.example', headers: { authorization: 'Bearer token' } },
    })
    const { servers } = loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path, EU_KEY: 'eu-key' })
    expect(servers).toEqual([
      { name: 'eu', url: 'https://eu.example/base', apiKey: 'eu-key', headers: {} },
      { name: 'us-1.a_B', url: 'https://us.example', headers: { authorization: 'Bearer token' } },
    ])
  })

  test('are both together', async () => {
    const path = await file({ eu: { url: 'https://eu.example' } })
    const { servers } = loadWorkerConfig({
      LANGGRAPH_API_URL: url,
      LANGGRAPH_API_KEY: 'key',
      LANGGRAPH_DEPLOYMENTS: path,
    })
    expect(servers).toEqual([
      { name: 'default', url, apiKey: 'key' },
      { name: 'eu', url: 'https://eu.example', headers: {} },
    ])
  })

  test('may be asked only so often', async () => {
    const path = await file({ eu: { url, maxRequestsPerSecond: 0.5 } })
    expect(loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path }).servers).toMatchObject([{ maxRequestsPerSecond: 0.5 }])
    for (const rate of [0, -1, '5', null]) {
      const wrong = await file({ eu: { url, maxRequestsPerSecond: rate } })
      const says = expect.stringMatching(/"eu" "maxRequestsPerSecond": must be a number above 0$/)
      expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: wrong })).toEqual([says])
    }
  })

  test('may name the default one in the file', async () => {
    const path = await file({ default: { url } })
    expect(loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path }).servers).toMatchObject([{ name: 'default', url }])
    expect(mistakesOf({ LANGGRAPH_API_URL: url, LANGGRAPH_DEPLOYMENTS: path })).toEqual([
      'LANGGRAPH_API_URL and LANGGRAPH_DEPLOYMENTS both define the deployment "default": keep one',
    ])
  })

  test.each([{}, { LANGGRAPH_API_URL: '', LANGGRAPH_DEPLOYMENTS: ' ' }, { LANGGRAPH_API_URL: undefined }])(
    'are missing in %j, and the mistake says what to set',
    (env) => {
      expect(mistakesOf(env)).toEqual([expect.stringMatching(/^LANGGRAPH_API_URL is missing: .*LANGGRAPH_DEPLOYMENTS/)])
    },
  )

  test('need a URL for their key', async () => {
    const path = await file({ eu: { url } })
    expect(mistakesOf({ LANGGRAPH_API_KEY: 'planted-key', LANGGRAPH_DEPLOYMENTS: path })).toEqual([
      expect.stringContaining('LANGGRAPH_API_KEY is set without LANGGRAPH_API_URL'),
    ])
    expect(mistakesOf({ LANGGRAPH_API_KEY: '', LANGGRAPH_DEPLOYMENTS: path })).toEqual([])
  })

  test.each([
    { bad: '127.0.0.1:2024', says: 'must be a URL that begins with http:// or https://' },
    { bad: 'planted', says: 'must be a URL' },
    { bad: 'ftp://planted', says: 'must be a URL' },
    { bad: 'file:///planted', says: 'must be a URL' },
    { bad: 'http://', says: 'must be a URL' },
    { bad: 'http://user:planted-password@host', says: 'holds credentials' },
    { bad: 'http://planted-token@host', says: 'holds credentials' },
    { bad: 'http://:planted@host', says: 'holds credentials' },
    { bad: 'http://host/?key=planted', says: 'no "?" and no "#"' },
    { bad: 'http://host/#planted', says: 'no "?" and no "#"' },
  ])('cannot be at $bad', async ({ bad, says }) => {
    expect(mistakesOf({ LANGGRAPH_API_URL: bad })).toEqual([
      expect.stringMatching(new RegExp(`^LANGGRAPH_API_URL: .*${says.replaceAll('?', '\\?')}`)),
    ])
    const path = await file({ eu: { url: bad } })
    expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: path })).toEqual([expect.stringContaining(`"eu" "url": `)])
  })

  test.each(['planted\nkey', 'planted\u0000', 'planted😀'])(
    'cannot get a key that no header can carry: %j',
    async (key) => {
      const says = 'cannot be sent as the HTTP header "x-api-key"'
      expect(mistakesOf({ LANGGRAPH_API_URL: url, LANGGRAPH_API_KEY: key })).toEqual([
        expect.stringContaining(`LANGGRAPH_API_KEY: ${says}`),
      ])
      const path = await file({ eu: { url, apiKeyEnv: 'EU_KEY' } })
      expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: path, EU_KEY: key })).toEqual([
        expect.stringContaining(`"eu" "apiKeyEnv": ${says}`),
      ])
    },
  )
})

describe('LANGGRAPH_HEADERS', () => {
  test('are sent to the server of LANGGRAPH_API_URL, also from other variables', () => {
    const headers = JSON.stringify({ authorization: { env: 'TOKEN' }, 'x-team': 'research' })
    const { servers } = loadWorkerConfig({ LANGGRAPH_API_URL: url, LANGGRAPH_HEADERS: headers, TOKEN: 'Bearer token' })
    expect(servers).toEqual([
      { name: 'default', url, headers: { authorization: 'Bearer token', 'x-team': 'research' } },
    ])
  })

  test.each([
    { bad: '{planted', says: 'is no valid JSON' },
    { bad: '["planted"]', says: 'must be an object, header → a text or { "env": "NAME" }' },
    { bad: '{"a": 7}', says: '"a": must be a text or { "env": "NAME" }' },
    { bad: '{"a": {"env": "NOT_SET"}}', says: '"a": the environment variable NOT_SET is not set, or empty' },
    { bad: '{"a b": "planted"}', says: 'cannot be sent as the HTTP header "a b"' },
  ])('cannot be $bad', ({ bad, says }) => {
    const [mistake, ...others] = mistakesOf({ LANGGRAPH_API_URL: url, LANGGRAPH_HEADERS: bad })
    expect(mistake).toMatch(/^LANGGRAPH_HEADERS[: ]/)
    expect(mistake).toContain(says)
    expect(others).toEqual([])
  })

  test('need a URL', async () => {
    const path = await file({ eu: { url } })
    expect(mistakesOf({ LANGGRAPH_HEADERS: '{"a": "planted"}', LANGGRAPH_DEPLOYMENTS: path })).toEqual([
      'LANGGRAPH_HEADERS is set without LANGGRAPH_API_URL: in LANGGRAPH_DEPLOYMENTS a deployment has its own "headers"',
    ])
  })
})

describe('quotes that have become part of a value', () => {
  test.each([
    ['LANGGRAPH_API_URL', `"${url}"`],
    ['LANGGRAPH_API_URL', `'${url}'`],
    ['LANGGRAPH_API_KEY', ' "planted" '],
    ['LANGGRAPH_HEADERS', `'{"a": "planted"}'`],
    ['TEMPORAL_ADDRESS', '"localhost:7233"'],
    ['TEMPORAL_API_KEY', "'planted'"],
    ['TEMPORAL_TASK_QUEUE', '"planted"'],
    ['TEMPORAL_TLS', '"true"'],
  ])('are named as the only mistake of %s=%s', (name, value) => {
    expect(mistakesOf({ LANGGRAPH_API_URL: url, [name]: value })).toEqual([
      `${name}: the quotes around the value count as part of it: remove them`,
    ])
  })

  test('are named with the variable that a deployment names', async () => {
    const path = await file({ eu: { url, apiKeyEnv: 'EU_KEY', headers: { a: { env: 'EU_TOKEN' } } } })
    expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: path, EU_KEY: '"planted"', EU_TOKEN: "'planted'" })).toEqual([
      expect.stringMatching(/^EU_KEY: the quotes/),
      expect.stringMatching(/^EU_TOKEN: the quotes/),
    ])
  })

  test.each(['"', "it's", '"a" and "b', '{"a": "b"}'])('are not seen in %s', (queue) => {
    expect(temporal({ TEMPORAL_TASK_QUEUE: queue }).taskQueue).toBe(queue)
  })
})

describe('a worker is warned', () => {
  const elsewhere = 'http://langgraph.example'

  test('of nothing on its own machine', () => {
    const ours = { LANGGRAPH_API_KEY: 'key', HTTP_PROXY: 'http://proxy.example' }
    for (const host of ['localhost', '127.0.0.2', '[::1]', 'langgraph.localhost']) {
      expect(warningsOf({ ...ours, LANGGRAPH_API_URL: `http://${host}:2024` })).toEqual([])
    }
  })

  test('of a key that leaves the machine unencrypted', () => {
    expect(warningsOf({ LANGGRAPH_API_URL: elsewhere, LANGGRAPH_API_KEY: 'planted' })).toEqual([
      'Deployment "default": its API key goes over the network unencrypted: use https://',
    ])
    expect(warningsOf({ LANGGRAPH_API_URL: elsewhere })).toEqual([])
    expect(warningsOf({ LANGGRAPH_API_URL: 'https://langgraph.example', LANGGRAPH_API_KEY: 'planted' })).toEqual([])
  })

  test.each([
    ['HTTP_PROXY', elsewhere],
    ['http_proxy', elsewhere],
    ['HTTPS_PROXY', 'https://langgraph.example'],
  ])('of %s, which Node.js does not use for %s', (name, target) => {
    const env = { LANGGRAPH_API_URL: target, [name]: 'http://planted@proxy.example' }
    expect(warningsOf(env)).toEqual([
      expect.stringMatching(new RegExp(`^Deployment "default": ${name} is set, but .* NODE_USE_ENV_PROXY=1$`)),
    ])
    for (const direct of ['*', 'langgraph.example', 'other.example, .example', '*.example']) {
      expect(warningsOf({ ...env, NO_PROXY: direct })).toEqual([])
    }
    expect(warningsOf({ ...env, NO_PROXY: 'graph.example' })).toHaveLength(1)
  })

  const isProxyUsable = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')
  test('of a proxy that this Node.js does not use', () => {
    const env = { LANGGRAPH_API_URL: elsewhere, HTTP_PROXY: 'http://proxy.example' }
    expect(warningsOf(env)).toHaveLength(1)
    expect(warningsOf({ ...env, NODE_USE_ENV_PROXY: '1' })).toHaveLength(isProxyUsable ? 0 : 1)
  })

  test('of secrets in a file that every user can read', async () => {
    const secret = await file({ eu: { url, headers: { authorization: 'Bearer planted' } } })
    const warnings = () => loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: secret }).warnings
    await chmod(secret, 0o644)
    expect(warnings()).toEqual([
      expect.stringMatching(/^LANGGRAPH_DEPLOYMENTS \(.*\): holds a secret header, and every user .*: chmod 600, or/),
    ])
    await chmod(secret, 0o640)
    expect(warnings()).toEqual([])
    await chmod(secret, 0o644)
    await file({ eu: { url, headers: { authorization: { env: 'HOME' }, 'x-team': 'research' } } })
    expect(loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: secret, HOME: '/' }).warnings).toEqual([])
  })
})

describe('the file LANGGRAPH_DEPLOYMENTS', () => {
  const fields = '{ "url", "apiKeyEnv"?, "headers"?, "linkTemplate"?, "namespaces"?, "taskQueues"? }'
  const shape = `must be an object, name → ${fields}, with one name or more`
  const ofOne = `must be an object ${fields}`
  const aVariable = 'must be the name of an environment variable that is set'

  test.each([
    { content: '{"eu": {"url": "planted"', says: 'is no valid JSON' },
    { content: '', says: 'is no valid JSON' },
    { content: [], says: shape },
    { content: {}, says: shape },
    { content: 'null', says: shape },
    { content: '"planted"', says: shape },
    { content: { eu: url }, says: `"eu": ${ofOne}` },
    { content: { eu: null }, says: `"eu": ${ofOne}` },
    { content: { eu: [] }, says: `"eu": ${ofOne}` },
    { content: { eu: {} }, says: '"eu" "url": must be a URL' },
    { content: { eu: { url: 7 } }, says: '"eu" "url": must be a URL' },
    { content: { eu: { url: [url] } }, says: '"eu" "url": must be a URL' },
    { content: { '-eu': { url } }, says: '"-eu": must be a deployment\'s name: 1-63 letters' },
    { content: { '': { url } }, says: '"": must be a deployment\'s name: 1-63 letters' },
    { content: { ['x'.repeat(64)]: { url } }, says: "must be a deployment's name: 1-63 letters" },
    { content: `{"__proto__":{"url":"${url}"}}`, says: '"__proto__": must be a deployment\'s name: 1-63 letters' },
    { content: { eu: { url, apiKey: 'planted' } }, says: '"eu": "apiKey" is unknown: allowed are "url", "apiKeyEnv"' },
    {
      content: `{"eu":{"url":"${url}"},"us":{"url":"${url}"},"\\u0065u":{"url":"${url}"}}`,
      says: '"eu" stands twice in the same object: keep one',
    },
    {
      content: `{"eu":{"url":"${url}","headers":{"a":"{\\"","a":"planted"}}}`,
      says: '"a" stands twice in the same object: keep one',
    },
    {
      content: { eu: { url, apiKeyEnv: 'NOT_SET' } },
      says: '"apiKeyEnv": the environment variable NOT_SET is not set',
    },
    { content: { eu: { url, apiKeyEnv: 'EMPTY' } }, says: '"apiKeyEnv": the environment variable EMPTY is not set' },
    { content: { eu: { url, apiKeyEnv: 'planted-key' } }, says: `"apiKeyEnv": ${aVariable}` },
    { content: { eu: { url, apiKeyEnv: 'constructor' } }, says: `"apiKeyEnv": ${aVariable}` },
    { content: { eu: { url, apiKeyEnv: '__proto__' } }, says: `"apiKeyEnv": ${aVariable}` },
    { content: { eu: { url, apiKeyEnv: 7 } }, says: `"apiKeyEnv": ${aVariable}` },
    { content: { eu: { url, headers: ['planted'] } }, says: '"eu" "headers": must be an object, header → a text or {' },
    { content: { eu: { url, headers: { a: 7 } } }, says: '"eu" "headers" "a": must be a text or { "env": "NAME" }' },
    { content: { eu: { url, headers: { a: {} } } }, says: '"eu" "headers" "a": must be a text or { "env": "NAME" }' },
    { content: { eu: { url, headers: { a: { env: 'A', b: 1 } } } }, says: '"headers" "a": must be a text or' },
    {
      content: { eu: { url, headers: { a: { env: 'NOT_SET' } } } },
      says: '"a": the environment variable NOT_SET is not',
    },
    { content: { eu: { url, headers: { a: { env: 'toString' } } } }, says: `"headers" "a": ${aVariable}` },
    {
      content: { eu: { url, headers: { 'a b': 'planted' } } },
      says: '"eu" "headers": cannot be sent as the HTTP header "a b"',
    },
    { content: { eu: { url, headers: { a: 'planted\nb: c' } } }, says: '"eu" "headers": cannot be sent' },
    { content: { eu: { url, linkTemplate: 7 } }, says: '"eu" "linkTemplate": must be a URL that begins with http' },
    {
      content: { eu: { url, linkTemplate: 'javascript:planted' } },
      says: '"linkTemplate": must be a URL that begins with',
    },
    { content: { eu: { url, linkTemplate: 'https://u:planted@h/' } }, says: '"linkTemplate": holds credentials' },
    {
      content: { eu: { url, linkTemplate: 'https://h/{planted}' } },
      says: '"linkTemplate": may hold {threadId}, {runId}',
    },
    ...['https://{assistantId}/', 'https://{threadId}.h/', 'https:/\\{runId}?of={threadId}'].map((linkTemplate) => ({
      content: { eu: { url, linkTemplate } },
      says: '"eu" "linkTemplate": must not have {threadId}, {runId}, {assistantId} in its host: whoever starts',
    })),
    { content: { eu: { url, linkTemplate: 'https://h/a)b' } }, says: '"linkTemplate": may hold {threadId}, {runId}' },
  ])('cannot hold $content', async ({ content, says }) => {
    const path = await file(content)
    const [mistake, ...others] = mistakesOf({ LANGGRAPH_DEPLOYMENTS: path, EMPTY: ' ' })
    expect(mistake).toContain(`LANGGRAPH_DEPLOYMENTS (${path})`)
    expect(mistake).toContain(says)
    expect(others).toEqual([])
  })

  test.each([
    ['UTF-8', 'utf8', ''],
    ['UTF-8 with a byte order mark', 'utf8', '\uFEFF'],
    ['UTF-16, as PowerShell writes it', 'utf16le', '\uFEFF'],
  ] as const)('may be %s', async (_, encoding, mark) => {
    const path = await file(Buffer.from(`${mark}{"eu":{"url":"${url}/\u00e9"}}`, encoding))
    const { servers } = loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path })
    expect(servers).toMatchObject([{ name: 'eu', url: `${url}/\u00e9` }])
  })

  test('may be UTF-16 with its bytes the other way round', async () => {
    const path = await file(Buffer.from(`\uFEFF{"eu":{"url":"${url}"}}`, 'utf16le').swap16())
    expect(loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path }).servers).toMatchObject([{ name: 'eu', url }])
  })

  test('must be there', () => {
    expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: join(folder, 'absent.json') })).toEqual([
      expect.stringMatching(/^LANGGRAPH_DEPLOYMENTS \(.*absent\.json\): ENOENT/),
    ])
    expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: folder })).toEqual([expect.stringMatching(/: must be a file$/)])
  })

  test('is not waited for when it is a pipe that nobody writes to', () => {
    const pipe = join(folder, 'pipe')
    execFileSync('sh', ['-c', 'mkfifo "$0"', pipe])
    expect(mistakesOf({ LANGGRAPH_DEPLOYMENTS: pipe })).toEqual([expect.stringMatching(/: must be a file$/)])
  })

  test('may name a page about a run', async () => {
    const linkTemplate = 'https://pages.example/{threadId}/{runId}?of={assistantId}#top'
    const { servers } = loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: await file({ eu: { url, linkTemplate } }) })
    expect(servers).toMatchObject([{ linkTemplate }])
  })

  test('takes the values of headers from the environment', async () => {
    const path = await file({ eu: { url, headers: { authorization: { env: 'EU_TOKEN' }, 'x-team': 'research' } } })
    const { servers } = loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: path, EU_TOKEN: ' Bearer token\n' })
    expect(servers).toMatchObject([{ headers: { authorization: 'Bearer token', 'x-team': 'research' } }])
  })

  test('has all its mistakes named at once, with those of the environment', async () => {
    const path = await file({
      '!': { url: 'planted', apiKeyEnv: 'NOT_SET', headers: 7, key: 'planted' },
      default: { url: 'http://user:planted@host/?planted' },
      good: { url },
    })
    const mistakes = mistakesOf({
      TEMPORAL_PROFILE: 'absent',
      LANGGRAPH_API_URL: 'planted',
      LANGGRAPH_API_KEY: 'planted\nkey',
      LANGGRAPH_DEPLOYMENTS: path,
    })
    expect(mistakes).toEqual(
      [
        'TEMPORAL_\\*: ',
        '"!": must be a deployment',
        '"!": "key" is unknown',
        '"!" "url": must be a URL',
        '"!" "apiKeyEnv": the environment variable NOT_SET',
        '"!" "headers": must be',
        '"default" "url": holds credentials',
        '"default" "url": must end with the path',
        'LANGGRAPH_API_URL: must be a URL',
        'LANGGRAPH_API_KEY: cannot be sent',
        'both define the deployment "default"',
      ].map((part) => expect.stringMatching(part)),
    )
    expect(new ConfigError(mistakes).message).toMatch(/^The configuration has 11 mistakes:\n- /)
    expect(new ConfigError(['one']).message).toBe('The configuration has a mistake:\n- one')
  })
})

describe('the version of a worker', () => {
  const named = { LANGGRAPH_API_URL: url, TEMPORAL_DEPLOYMENT_NAME: 'langgraph-runs', TEMPORAL_WORKER_BUILD_ID: '1.0' }

  test('is none by default, and with empty variables', () => {
    expect(temporal({}).version).toBeUndefined()
    expect(temporal({ TEMPORAL_DEPLOYMENT_NAME: '', TEMPORAL_WORKER_BUILD_ID: ' ' }).version).toBeUndefined()
  })

  test('is the build of a deployment of workers', () => {
    expect(temporal(named).version).toEqual({ deploymentName: 'langgraph-runs', buildId: '1.0' })
  })

  test.each([
    { change: { TEMPORAL_DEPLOYMENT_NAME: '' }, says: 'TEMPORAL_DEPLOYMENT_NAME is missing: the name of your workers' },
    { change: { TEMPORAL_WORKER_BUILD_ID: '' }, says: 'TEMPORAL_WORKER_BUILD_ID is missing: what tells this build' },
    {
      change: { TEMPORAL_DEPLOYMENT_NAME: 'planted.1' },
      says: 'TEMPORAL_DEPLOYMENT_NAME must have no dot and no colon',
    },
    {
      change: { TEMPORAL_DEPLOYMENT_NAME: 'planted:1' },
      says: 'TEMPORAL_DEPLOYMENT_NAME must have no dot and no colon',
    },
    {
      change: { TEMPORAL_DEPLOYMENT_NAME: '__planted' },
      says: 'TEMPORAL_DEPLOYMENT_NAME must have no dot and no colon',
    },
    { change: { TEMPORAL_WORKER_BUILD_ID: '__planted' }, says: 'TEMPORAL_WORKER_BUILD_ID must not begin with __' },
    { change: { TEMPORAL_WORKER_BUILD_ID: 'x'.repeat(201) }, says: 'and be at most 200 bytes long' },
  ])('cannot be $change', ({ change, says }) => {
    expect(mistakesOf({ ...named, ...change })).toEqual([expect.stringContaining(says)])
  })
})

describe('Temporal', () => {
  test('is the local one, without encryption, by default', () => {
    expect(temporal({})).toMatchObject({
      taskQueue: 'langgraph-runs',
      connect: { namespace: undefined, connectionOptions: { address: undefined, apiKey: undefined, tls: undefined } },
    })
  })

  test('is the one that the environment names', () => {
    const { connect, taskQueue } = temporal({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'trading',
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_TASK_QUEUE: ' runs ',
      TEMPORAL_GRPC_META_X_TENANT: 'a',
    })
    expect(taskQueue).toBe('runs')
    expect(connect).toMatchObject({
      namespace: 'trading',
      connectionOptions: { address: 'temporal.example:7233', apiKey: 'key', tls: true, metadata: { 'x-tenant': 'a' } },
    })
  })

  test('takes an empty variable for a missing one', () => {
    const names = ['ADDRESS', 'NAMESPACE', 'API_KEY', 'TASK_QUEUE', 'PROFILE', 'CONFIG_FILE', 'TLS', 'TLS_SERVER_NAME']
    const empty = Object.fromEntries(names.map((name) => [`TEMPORAL_${name}`, '']))
    expect(temporal(empty)).toEqual(temporal({}))
    // An empty TEMPORAL_TLS must not send the key in plain text.
    expect(temporal({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: '' }).connect.connectionOptions.tls).toBe(true)
  })

  test('is encrypted with the certificates that the environment names', async () => {
    const certificate = await file('certificate')
    const { connectionOptions } = temporal({
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificate,
      TEMPORAL_TLS_CLIENT_KEY_DATA: 'key',
      TEMPORAL_TLS_SERVER_NAME: 'temporal',
    }).connect
    expect(connectionOptions.tls).toMatchObject({
      serverNameOverride: 'temporal',
      clientCertPair: { crt: Uint8Array.from(Buffer.from('certificate')), key: Uint8Array.from(Buffer.from('key')) },
    })
  })

  test('may be a profile of a configuration file', async () => {
    const TEMPORAL_CONFIG_FILE = await file(
      '[profile.cloud]\naddress = "cloud:7233"\nnamespace = "a"\napi_key = "key"\n',
    )
    const { connect } = temporal({ TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'cloud', TEMPORAL_NAMESPACE: 'b' })
    expect(connect).toMatchObject({ namespace: 'b', connectionOptions: { address: 'cloud:7233', apiKey: 'key' } })
  })

  test.each([
    { what: 'no certificate file', env: { TEMPORAL_TLS_CLIENT_CERT_PATH: '/absent' }, says: 'ENOENT' },
    {
      what: 'a certificate twice',
      env: { TEMPORAL_TLS_CLIENT_KEY_PATH: '/absent', TEMPORAL_TLS_CLIENT_KEY_DATA: 'planted' },
      says: 'Cannot specify both client_key_path and client_key_data',
    },
    { what: 'no such profile', env: { TEMPORAL_PROFILE: 'absent' }, says: "Profile 'absent' not found" },
  ])('has one mistake: $what', ({ env, says }) => {
    expect(mistakesOf({ LANGGRAPH_API_URL: url, ...env })).toEqual([
      expect.stringMatching(new RegExp(`^TEMPORAL_\\*: .*${says}`)),
    ])
  })

  test.each(['', '# address = "planted"\n'])(
    'has a mistake if its configuration file holds no profile: %j',
    async (text) => {
      const TEMPORAL_CONFIG_FILE = await file(text)
      expect(mistakesOf({ LANGGRAPH_API_URL: url, TEMPORAL_CONFIG_FILE })).toEqual([
        expect.stringMatching(
          /^TEMPORAL_\*: the configuration file has no profile: it needs a table \[profile\.default\]/,
        ),
      ])
    },
  )

  test('has a mistake that does not quote a broken configuration file', async () => {
    const TEMPORAL_CONFIG_FILE = await file('[profile.default]\napi_key = "planted-key\nnamespace = planted')
    expect(mistakesOf({ LANGGRAPH_API_URL: url, TEMPORAL_CONFIG_FILE })).toEqual([
      expect.stringMatching(/^TEMPORAL_\*: Invalid TOML document/),
    ])
  })
})

test('the embedded servers are looked for at the paths in the environment', () => {
  const env = { TEMPORAL_CLI_PATH: '/bin/temporal', TEMPORAL_TEST_SERVER_PATH: ' ', XDG_CACHE_HOME: '/cache' }
  expect(loadBinaryPaths(env)).toEqual({
    cli: '/bin/temporal',
    testServer: undefined,
    cacheFolder: '/cache/langgraph-background-runs',
  })
  expect(loadBinaryPaths({}).cacheFolder).toBe(join(homedir(), '.cache', 'langgraph-background-runs'))
})

test('SEARCH_ATTRIBUTES is on unless it is off', () => {
  const isOn = (env: Environment) => loadWorkerConfig({ LANGGRAPH_API_URL: url, ...env }).searchAttributes
  expect([{}, { SEARCH_ATTRIBUTES: 'on' }, { SEARCH_ATTRIBUTES: 'off' }].map(isOn)).toEqual([true, true, false])
  expect(mistakesOf({ LANGGRAPH_API_URL: url, SEARCH_ATTRIBUTES: 'no' })).toEqual([
    'SEARCH_ATTRIBUTES: must be on or off',
  ])
})

test('the pages of LangSmith are those that the environment names', () => {
  const pages = {
    LANGSMITH_PROJECT_URL: 'https://s.example/o/1/projects/p/2',
    LANGSMITH_STUDIO_URL: 'https://s.example/studio',
  }
  expect(loadWorkerConfig({ LANGGRAPH_API_URL: url, LANGSMITH_API_KEY: 'planted' }).langSmith).toEqual({})
  expect(loadWorkerConfig({ LANGGRAPH_API_URL: url, ...pages }).langSmith).toEqual({
    projectUrl: pages.LANGSMITH_PROJECT_URL,
    studioUrl: pages.LANGSMITH_STUDIO_URL,
  })
  expect(mistakesOf({ LANGGRAPH_API_URL: url, LANGSMITH_STUDIO_URL: 'planted' })).toEqual([
    'LANGSMITH_STUDIO_URL: must be a URL that begins with http:// or https://',
  ])
})

describe('SWEEP_INTERVAL', () => {
  test.each([
    [undefined, 2000],
    ['5s', 5000],
    ['1500', 1500],
    ['500ms', 500],
    ['none', 'none'],
  ])('%s is %s', (given, expected) => {
    const env = given === undefined ? {} : { SWEEP_INTERVAL: given }
    expect(loadWorkerConfig({ LANGGRAPH_API_URL: url, ...env }).sweepInterval).toBe(expected)
  })

  test.each(['0', '2', '499ms', '-1s', 'often', '400 days'])('refuses %s', (given) => {
    expect(mistakesOf({ LANGGRAPH_API_URL: url, SWEEP_INTERVAL: given })).toEqual([
      "SWEEP_INTERVAL: must be a duration from 500ms to 365d, such as '2s', or 'none'",
    ])
  })
})
