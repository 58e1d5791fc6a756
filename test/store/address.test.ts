import { describe, expect, test } from 'vitest'
import { loadWorkerConfig } from '../../src/config.ts'
import { keyOf, isKey } from '../../src/store/key.ts'
import { parseStoreUrl } from '../../src/store/address.ts'
import { resultStore } from '../../src/client.ts'

const env = { LANGGRAPH_API_URL: 'http://127.0.0.1:2024' }

const withAbove = (above: string) => () =>
  loadWorkerConfig({ ...env, RESULT_STORE: 'file:///srv/results', RESULT_STORE_ABOVE: above }).resultStore?.above

describe('RESULT_STORE', () => {
  test.each([
    ['file:///srv/results', { kind: 'folder', url: 'file:///srv/results', folder: '/srv/results' }],
    ['file:///srv/my%20results/', { kind: 'folder', url: 'file:///srv/my%20results', folder: '/srv/my results' }],
    ['s3://bucket', { kind: 's3', url: 's3://bucket', bucket: 'bucket', prefix: '', forcePathStyle: false }],
    [
      's3://my.bucket/a/b_1/?endpoint=https://s3.example:9000&region=eu-central-1&forcePathStyle=true',
      {
        kind: 's3',
        url: 's3://my.bucket/a/b_1',
        bucket: 'my.bucket',
        prefix: 'a/b_1/',
        endpoint: 'https://s3.example:9000',
        region: 'eu-central-1',
        forcePathStyle: true,
      },
    ],
  ])('may be %s', (url, address) => {
    expect(parseStoreUrl(url)).toEqual(address)
  })

  test.each([
    ['/srv/results', 'must be file:///absolute/folder, or s3://'],
    ['https://bucket.s3.example/planted', 'must be file:///absolute/folder, or s3://'],
    ['file://planted/srv', 'must be file:///absolute/folder, without a host'],
    ['file:///srv?planted=1', 'must be file:///absolute/folder, without a host'],
    ['file:///', 'must name a folder below the root'],
    ['file:///srv%2Fplanted', 'is not the path of a folder'],
    ['s3://planted:planted@bucket/x', 'holds credentials'],
    ['s3://planted@bucket/x', 'holds credentials'],
    ['s3://Planted_Bucket/x', 'must name a bucket'],
    ['s3:///planted', 'must name a bucket'],
    ['s3://bucket/a%2Fplanted', 'must have a prefix of letters'],
    ['s3://bucket/pla nted', 'must have a prefix of letters'],
    ['s3://bucket/x#planted', 'must have no "#"'],
    ['s3://bucket/x?planted=1', 'has an option that is unknown'],
    ['s3://bucket/x?region=eu-1&region=planted', 'has "region" more than once'],
    ['s3://bucket/x?region=Planted!', '"region" must be one'],
    ['s3://bucket/x?endpoint=planted', '"endpoint" must be a URL'],
    ['s3://bucket/x?endpoint=ftp://planted', '"endpoint" must be a URL'],
    ['s3://bucket/x?endpoint=https://a:planted@host', '"endpoint" holds credentials'],
    ['s3://bucket/x?forcePathStyle=planted', '"forcePathStyle" must be true or false'],
  ])('must not be %s', (url, why) => {
    const load = () => loadWorkerConfig({ ...env, RESULT_STORE: url })
    expect(load).toThrow(`RESULT_STORE ${why}`)
    // Whatever it is: it may be a secret.
    expect(load).not.toThrow(/planted/i)
    expect(() => resultStore(url)).toThrow(why)
  })

  test('is off unless it is given, and is there for the CLI too', () => {
    expect(loadWorkerConfig(env)).not.toHaveProperty('resultStore')
    const { resultStore: store } = loadWorkerConfig({ ...env, RESULT_STORE: 'file:///srv/results' })
    expect(store).toMatchObject({ url: 'file:///srv/results', above: 1_048_576 })
  })

  test.each([1024, 1_572_864])('takes results above %i bytes', (bytes) => {
    expect(withAbove(String(bytes))()).toBe(bytes)
  })

  test.each(['1023', '1572865', '1MB', '1024.5', '-5000'])('takes no limit of %s bytes', (above) => {
    expect(withAbove(above)).toThrow('RESULT_STORE_ABOVE must be a whole number of bytes from 1024 to 1572864')
  })

  test('is what RESULT_STORE_ABOVE needs', () => {
    expect(() => loadWorkerConfig({ ...env, RESULT_STORE_ABOVE: '5' })).toThrow('is set without RESULT_STORE')
  })
})

describe('a key', () => {
  const hash = 'a'.repeat(64)
  const keyFor = (namespace: string, deployment = 'default') =>
    keyOf(namespace, { deployment, threadId: 't', runId: 'r' }, hash)

  test.each([
    ['default', 'default'],
    ['prod.a2b_3-c', 'prod.a2b_3-c'],
    ['..', '!2E!2E'],
    ['.', '!2E'],
    ['', '!'],
    ['../../etc', '..!2F..!2Fetc'],
    ['a/b\\c', 'a!2Fb!5Cc'],
    ['ü\0%!', '!C3!BC!00!25!21'],
    ['\uD800', '!EF!BF!BD'],
  ])('holds the namespace %j as %s', (namespace, part) => {
    const key = keyFor(namespace)
    expect(key).toBe(`${part}/default/t/r/${hash}.json`)
    expect(keyFor('default', namespace)).toBe(`default/${part}/t/r/${hash}.json`)
    expect(isKey(key, hash)).toBe(true)
  })

  test('is never too long for a file system, and names that differ have keys that do', () => {
    const [one, other] = ['x', 'y'].map((end) => keyFor('ü'.repeat(500) + end))
    expect(one).not.toBe(other)
    expect(isKey(String(one), hash)).toBe(true)
    expect(
      Math.max(
        ...String(one)
          .split('/')
          .map((part) => part.length),
      ),
    ).toBeLessThan(255)
  })

  test.each([
    `../default/t/r/${hash}.json`,
    `default/../t/r/${hash}.json`,
    `/default/t/r/${hash}.json`,
    `default/default/t/${hash}.json`,
    `a/default/default/t/r/${hash}.json`,
    `default/default/t/r/${'b'.repeat(64)}.json`,
    `default/default/t/r/${hash}.json/..`,
    `default/default/t/r/${hash}.json\n`,
    `default/%2e%2e/t/r/${hash}.json`,
    `default/default/t/r/${hash}.txt`,
  ])('is not %j', (key) => {
    expect(isKey(key, hash)).toBe(false)
  })
})
